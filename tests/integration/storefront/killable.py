"""The relay in a process of its own that kills itself at a named point, when it gets there."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from storefront_api.platform import logs
from storefront_api.platform.failpoints import Failpoints
from storefront_api.platform.relay import serve
from storefront_api.settings import Settings


def main(point: str, times: int) -> None:
    """Relay until SIGTERM, or until a point was reached so many times."""
    logs.configure()
    left = times

    def at(name: str) -> None:
        nonlocal left
        if name == point:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(serve(Settings(), Failpoints(at)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
