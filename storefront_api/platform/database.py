"""Connections to PostgreSQL."""

from __future__ import annotations

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


async def open_pool(url: str, size: int) -> Any:
    """Open a pool of at most ``size`` connections."""
    return await asyncpg.create_pool(
        url,
        min_size=min(2, size),
        max_size=size,
        init=_prepare,
        reset=_as_it_is,
        command_timeout=30,
    )


@asynccontextmanager
async def transaction(pool: Any) -> AsyncIterator[Connection]:
    """Run a block in one transaction that commits at its end, or not at all."""
    with span("transaction", SpanKind.CLIENT, **_POSTGRESQL):
        async with pool.acquire() as connection, connection.transaction():
            yield connection
