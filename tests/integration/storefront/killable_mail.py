"""The notifications' worker in a process that kills itself at a named point, when it gets there."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from storefront_api.notifications.worker import serve
from storefront_api.platform import logs
from storefront_api.platform.failpoints import Failpoints
from storefront_api.settings import Settings


def main(point: str) -> None:
    """Send until SIGTERM, or until a point was reached."""
    logs.configure()

    def at(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(serve(Settings(), Failpoints(at)))


if __name__ == "__main__":
    main(sys.argv[1])
