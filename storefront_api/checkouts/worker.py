"""What the store does while nobody asks: expiry, and others who agree with it.

Those are the payment provider, which also pays vendors, and the carriers. What was sold is
allocated to warehouses here, points that nobody spent in time expire, vendors are told of low
stock, and idempotency keys that have grown old go.

Started by `python -m storefront_api.checkouts.worker`; several may run at once.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog
from prometheus_client import start_http_server

from storefront_api.checkouts.service import expire
from storefront_api.checkouts.settling import send_refunds, settle
from storefront_api.fulfilment.carriers import carriers
from storefront_api.fulfilment.scanning import follow, void_labels
from storefront_api.identity.upkeep import clear
from storefront_api.inventory.allocation import allocate
from storefront_api.loyalty import service as loyalty
from storefront_api.marketplace.payouts.sending import send
from storefront_api.marketplace.stock.alerts import alert
from storefront_api.platform import logs, tracing
from storefront_api.platform.apart import passed_over
from storefront_api.platform.carrier import Carrier
from storefront_api.platform.clock import Clock, choose_clock, system_clock
from storefront_api.platform.database import open_pool
from storefront_api.platform.errors import DATABASE_AWAY
from storefront_api.platform.idempotency import purge
from storefront_api.platform.payment_provider import PaymentProvider
from storefront_api.platform.payout_provider import PayoutProvider
from storefront_api.platform.stripe_provider import StripeProvider
from storefront_api.platform.stripe_transfers import StripeTransfers
from storefront_api.settings import Settings

log = structlog.get_logger()

EVERY_S = 0.5


async def sweep(
    pool: Any,
    clock: Clock,
    provider: PaymentProvider,
    payouts: PayoutProvider,
    carriers: Mapping[str, Carrier],
) -> None:
    """Do once what is to be done; a step that fails keeps none of the others from it.

    Raises
    ------
    One of `DATABASE_AWAY`
        At the end, if a step had no connection: whoever opens new ones helps them all.
    """
    steps: dict[str, Callable[[], Awaitable[object]]] = {
        "allocation": lambda: allocate(pool, clock()),
        "low_stock": lambda: alert(pool, clock()),
        "identity": lambda: clear(pool, clock()),
        "expiry": lambda: expire(pool, clock()),
        "labels": lambda: void_labels(pool, carriers, clock()),
        "tracking": lambda: follow(pool, carriers, clock()),
        "points": lambda: loyalty.expire(pool, clock()),
        # PostgreSQL stamps them: answers are kept for a day of those who ask, not of a simulation.
        "keys": lambda: purge(pool, system_clock()),
        "payments": lambda: settle(pool, provider, clock()),
        "refunds": lambda: send_refunds(pool, provider, clock()),
        "payouts": lambda: send(pool, payouts, clock()),
    }
    away: Exception | None = None
    for name, step in steps.items():
        try:
            await step()
        except Exception as error:  # noqa: BLE001  # told, and tried anew with the next sweep
            passed_over(name, error)
            if isinstance(error, DATABASE_AWAY):
                away = error
    if away is not None:
        raise away


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Sweep until told to stop."""
    clock = choose_clock(settings.shared_clock)
    pool = await open_pool(settings.database_url, 2)
    key = settings.payment_key.get_secret_value()
    provider = StripeProvider(settings.payment_url, key, "")
    payouts = StripeTransfers(settings.payment_url, key)
    by_name = carriers(settings, clock)
    try:
        while not stop.is_set():
            await sweep(pool, clock, provider, payouts, by_name)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_S)
    finally:
        await payouts.close()
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
        except DATABASE_AWAY as error:
            log.warning("starting anew", error=str(error))
            await asyncio.sleep(1.0)


if __name__ == "__main__":
    logs.configure()
    chosen = Settings()
    end_tracing = tracing.start("checkouts", *chosen.tracing)
    try:
        asyncio.run(serve(chosen))
    finally:
        end_tracing()
