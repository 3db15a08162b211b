"""The allocation in a process of its own that kills itself at a named point, when it gets there.

It takes two orders at once, so that there are several transactions.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from storefront_api.inventory import allocation
from storefront_api.platform import logs
from storefront_api.platform.clock import system_clock
from storefront_api.platform.database import open_pool
from storefront_api.settings import Settings


async def main(point: str, times: int) -> None:
    """Allocate what waits, until a point was reached so many times."""
    left = times

    def at(name: str) -> None:
        nonlocal left
        if name == point:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    allocation.AT_ONCE = 2
    pool = await open_pool(Settings().database_url, 2)
    await allocation.allocate(pool, system_clock(), at)
    await pool.close()


if __name__ == "__main__":
    logs.configure()
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
