"""Sends what is queued: `python -m storefront_api.notifications.worker`.

Several may run at once.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from datetime import timedelta
from typing import Any

import asyncpg
import structlog
from prometheus_client import start_http_server

from storefront_api.notifications import repository
from storefront_api.notifications.delivery import Carrier
from storefront_api.notifications.maildir import MaildirCarrier
from storefront_api.notifications.preferences import Preferences
from storefront_api.notifications.sending import Sender
from storefront_api.notifications.smtp import Server, SmtpCarrier
from storefront_api.notifications.writing import Writer
from storefront_api.platform import logs
from storefront_api.platform.clock import Clock, choose_clock
from storefront_api.platform.database import open_pool
from storefront_api.platform.errors import DATABASE_AWAY
from storefront_api.platform.failpoints import Failpoints
from storefront_api.platform.metrics import UNSENT, UNSENT_OLDEST
from storefront_api.settings import Settings

log = structlog.get_logger()

SENDERS = 4
"""Connections to the mail server."""
EVERY_S = 0.5
AWAY_S = 5.0
"""How long a sender leaves a mail server alone that is away."""


def carrier_of(settings: Settings) -> Carrier:
    """Return the mail server that is set, or the Maildir if none is."""
    url = settings.smtp_url.get_secret_value()
    return SmtpCarrier(Server.of(url)) if url else MaildirCarrier(settings.mail_dir)


def sender_of(settings: Settings, pool: Any, clock: Clock, failpoints: Failpoints) -> Sender:
    """Return a sender by the settings."""
    preferences = Preferences(settings.pseudonym_key.get_secret_value())
    return Sender(
        pool,
        carrier_of(settings),
        Writer(settings.mail_from, settings.storefront_url, preferences),
        preferences,
        timedelta(seconds=settings.mail_lease_s),
        clock,
        failpoints,
    )


async def _send(sender: Sender, stop: asyncio.Event) -> None:
    try:
        while not stop.is_set():
            outcome = await sender.send_next()
            if outcome is None or outcome == "away":
                # A mail server soon hangs up on who says nothing.
                await sender.carrier.close()
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), EVERY_S if outcome is None else AWAY_S)
    finally:
        await sender.carrier.close()


async def _measure(pool: Any, clock: Clock, stop: asyncio.Event) -> None:
    while not stop.is_set():
        now = clock()
        messages, oldest = await repository.unsent(pool, now)
        UNSENT.set(messages)
        UNSENT_OLDEST.set((now - oldest).total_seconds() if oldest else 0)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), AWAY_S)


async def run(settings: Settings, stop: asyncio.Event, failpoints: Failpoints) -> None:
    """Send until told to stop; what is being sent is finished first."""
    clock = choose_clock(settings.shared_clock)
    pool = await open_pool(settings.database_url, SENDERS + 1)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_measure(pool, clock, stop))
            for _ in range(SENDERS):
                sender = sender_of(settings, pool, clock, failpoints)
                group.create_task(_send(sender, stop))
    finally:
        await pool.close()


async def serve(settings: Settings, failpoints: Failpoints | None = None) -> None:
    """Send until SIGTERM, starting anew when PostgreSQL was away."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    start_http_server(settings.metrics_port, "127.0.0.1")
    while not stop.is_set():
        try:
            await run(settings, stop, failpoints or Failpoints())
        except* (asyncpg.PostgresConnectionError, *DATABASE_AWAY) as errors:
            log.warning("starting anew", error=str(errors.exceptions[0]))
            await asyncio.sleep(1.0)


if __name__ == "__main__":
    logs.configure()
    asyncio.run(serve(Settings()))
