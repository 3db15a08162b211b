"""Connections to PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from opentelemetry.trace import SpanKind

from storefront_api.platform.tracing import span

Connection = Any
"""An asyncpg connection or one of its pool; asyncpg has no types of its own."""
_POSTGRESQL = {"db.system.name": "postgresql"}


async def _prepare(connection: Connection) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads
    )


async def _as_it_is(_: Connection) -> None:
    """Reset nothing: all that a transaction sets ends with it, and a query saved is a round trip.

    asyncpg itself still rolls back what was left open.
    """


class FairPool(asyncpg.Pool):  # type: ignore[misc]
    """A pool of which each connection goes to whoever has waited longest.

    asyncpg hands connections out by an `asyncio.Queue`, where a newcomer may take what a waiter
    was just woken for, who then waits again behind all others: under load some requests waited for
    nothing, and others until their time was up.
    """

    def __init__(self, url: str, size: int) -> None:
        super().__init__(
            url,
            min_size=min(2, size),
            max_size=size,
            max_queries=50_000,
            max_inactive_connection_lifetime=300.0,
            loop=None,
            connection_class=asyncpg.Connection,
            record_class=asyncpg.Record,
            init=_prepare,
            reset=_as_it_is,
            command_timeout=30,
        )
        self._turns = asyncio.Semaphore(size)

    @asynccontextmanager
    async def acquire(self, *, timeout: float | None = None) -> AsyncIterator[Connection]:
        """Lend a connection for a block."""
        async with self._turns, super().acquire(timeout=timeout) as connection:
            yield connection


async def open_pool(url: str, size: int) -> FairPool:
    """Open a pool of at most ``size`` connections."""
    pool: FairPool = await FairPool(url, size)
    return pool


@asynccontextmanager
async def transaction(pool: Any) -> AsyncIterator[Connection]:
    """Run a block in one transaction that commits at its end, or not at all."""
    with span("transaction", SpanKind.CLIENT, **_POSTGRESQL):
        async with pool.acquire() as connection, connection.transaction():
            yield connection
