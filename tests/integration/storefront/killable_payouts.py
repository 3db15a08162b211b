"""The sending of payouts in a process of its own that kills itself at a named point."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from storefront_api.marketplace.payouts.sending import send
from storefront_api.platform import logs
from storefront_api.platform.clock import system_clock
from storefront_api.platform.database import open_pool
from storefront_api.platform.stripe_transfers import StripeTransfers
from storefront_api.settings import Settings


async def main(point: str) -> None:
    """Send what is to be sent, until a point is reached."""
    settings = Settings()

    def at(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    pool = await open_pool(settings.database_url, 2)
    provider = StripeTransfers(settings.payment_url, settings.payment_key.get_secret_value())
    await send(pool, provider, system_clock(), at)
    await provider.close()
    await pool.close()


if __name__ == "__main__":
    logs.configure()
    asyncio.run(main(sys.argv[1]))
