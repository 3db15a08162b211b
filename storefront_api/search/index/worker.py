"""Keeps the index of the search as the store is.

Started by `python -m storefront_api.search.index.worker`, one for each folder of an index; of
several one writes, and another takes its place when it ends.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

import structlog
from prometheus_client import Counter, Gauge, start_http_server

from storefront_api.catalog.repository import CHANGED, CHANNEL
from storefront_api.platform import logs
from storefront_api.platform.clock import choose_clock
from storefront_api.platform.database import open_pool
from storefront_api.platform.errors import DATABASE_AWAY
from storefront_api.platform.signals import Signals
from storefront_api.search.index import schema
from storefront_api.search.index.indexer import Indexer
from storefront_api.settings import Settings

log = structlog.get_logger()

EVERY_S = 2.0
"""How often is looked for what nobody tells of: stock, ratings."""
WRITTEN = Counter("search_index_products_written", "Products written into the index or out of it.")
SWEPT = Gauge("search_index_swept_timestamp_seconds", "When the index last was as the store is.")


async def run(settings: Settings, indexer: Indexer, stop: asyncio.Event) -> None:
    """Follow the store until told to stop."""
    signals = Signals(settings.database_url, CHANNEL)
    pool = await open_pool(settings.database_url, 1)
    signals.start()
    try:
        with signals.subscribe(CHANGED) as told:
            while not stop.is_set():
                told.clear()
                async with pool.acquire() as connection:
                    WRITTEN.inc(await indexer.sweep(connection))
                SWEPT.set_to_current_time()
                await _first(told, stop)
    finally:
        await signals.close()
        await pool.close()


async def _first(told: asyncio.Event, stop: asyncio.Event) -> None:
    """Wait until there is something to do, or it is time to look."""
    waiting = [asyncio.create_task(event.wait()) for event in (told, stop)]
    await asyncio.wait(waiting, timeout=EVERY_S, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


async def _only_writer(settings: Settings, stop: asyncio.Event) -> Indexer | None:
    """Become who writes the index, as soon as nobody else does; None when told to stop before."""
    index = schema.make(schema.folder_of(settings.search_index_dir))
    clock = choose_clock(settings.shared_clock)
    while not stop.is_set():
        try:
            return Indexer(index, clock)
        except ValueError as error:
            log.info("another writes the index", error=str(error))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), EVERY_S)
    return None


async def serve(settings: Settings) -> None:
    """Follow until SIGTERM, starting anew when PostgreSQL was away."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    start_http_server(settings.metrics_port, "127.0.0.1")
    indexer = await _only_writer(settings, stop)
    while indexer is not None and not stop.is_set():
        try:
            await run(settings, indexer, stop)
        except DATABASE_AWAY as error:
            log.warning("starting anew", error=str(error))
            await asyncio.sleep(1.0)


if __name__ == "__main__":
    logs.configure()
    asyncio.run(serve(Settings()))
