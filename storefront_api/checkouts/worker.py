"""What happens while nobody asks: expiry, and a provider that agrees with the store.

Started by `python -m storefront_api.checkouts.worker`; several may run at once.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from typing import Any

import asyncpg
import structlog
from prometheus_client import start_http_server

from storefront_api.checkouts.service import expire
from storefront_api.checkouts.settling import send_refunds, settle
from storefront_api.loyalty import service as loyalty
from storefront_api.platform import logs
from storefront_api.platform.clock import system_clock
from storefront_api.platform.database import open_pool
from storefront_api.platform.errors import DATABASE_AWAY
from storefront_api.platform.payment_provider import PaymentProvider, ProviderAwayError
from storefront_api.platform.stripe_provider import StripeProvider
from storefront_api.settings import Settings

log = structlog.get_logger()

EVERY_S = 0.5


async def sweep(pool: Any, provider: PaymentProvider) -> None:
    """Do once what is to be done."""
    await expire(pool, system_clock())
    await loyalty.expire(pool, system_clock())
    await settle(pool, provider, system_clock())
    await send_refunds(pool, provider, system_clock())


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Sweep until told to stop."""
    pool = await open_pool(settings.database_url, 2)
    provider = StripeProvider(settings.payment_url, settings.payment_key.get_secret_value(), "")
    try:
        while not stop.is_set():
            try:
                await sweep(pool, provider)
            except ProviderAwayError as error:
                log.warning("the payment provider does not answer", error=str(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_S)
    finally:
        await provider.close()
        await pool.close()


async def serve(settings: Settings) -> None:
    """Sweep until SIGTERM, starting anew when PostgreSQL was away."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    start_http_server(settings.metrics_port, "127.0.0.1")
    while not stop.is_set():
        try:
            await run(settings, stop)
        except (asyncpg.PostgresConnectionError, *DATABASE_AWAY) as error:
            log.warning("starting anew", error=str(error))
            await asyncio.sleep(1.0)


if __name__ == "__main__":
    logs.configure()
    asyncio.run(serve(Settings()))
