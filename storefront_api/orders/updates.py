"""An order's log as it grows, for as long as somebody listens.

A client that falls behind or comes back is told the entries after the last one that it had: they
are read from the log, and nothing is kept for it here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

import anyio
import structlog
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from storefront_api.orders import changes
from storefront_api.orders import changes_repository as repository
from storefront_api.orders.schemas import ChangeOut
from storefront_api.platform.auth import Caller
from storefront_api.platform.errors import DATABASE_AWAY
from storefront_api.platform.signals import Signals
from storefront_api.services import Services

log = structlog.get_logger()

AT_ONCE = 100
"""Entries that are read for a client before it has taken them."""
TICK_S = 1.0
"""How often a waiting client's stream looks whether it is to end; while no signals are heard, it
reads the log as often."""
REREAD_S = 15.0
"""How often the log is read even though nothing was told of."""
SEND_S = 10.0
"""After so long without taking anything a client is let go; it may come back."""
GRACE_S = 2.0
"""How long a stream may take to end when the process does."""


class _Updates(EventSourceResponse):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            log.info("a client that takes nothing is let go")


async def follow(
    services: Services, caller: Caller, order_id: UUID, after: int
) -> EventSourceResponse:
    """Return the stream of an order's log from behind a number on, for its owner alone.

    Raises
    ------
    NotFoundError
        If there is no such order, or it is somebody else's.
    AwayError
        If too many listen already.
    """
    if not await repository.is_there(services.pool, order_id, caller.name):
        raise changes.missing(order_id)
    services.signals.admit(str(order_id))
    ending = anyio.Event()
    return _Updates(
        _entries(services, order_id, after, ending),
        sep="\n",
        send_timeout=SEND_S,
        shutdown_event=ending,
        shutdown_grace_period=GRACE_S,
    )


async def _entries(
    services: Services, order_id: UUID, after: int, ending: anyio.Event
) -> AsyncIterator[ServerSentEvent]:
    # Before the first reading, so that nothing happens unseen between the two.
    with services.signals.subscribe(str(order_id)) as woken:
        while not ending.is_set():
            woken.clear()
            told = []
            # While PostgreSQL is away there is nothing new either.
            with suppress(*DATABASE_AWAY):
                told = await repository.of_order(services.pool, order_id, after, AT_ONCE)
            for row in told:
                change = ChangeOut(**row)
                after = change.number
                yield ServerSentEvent(
                    data=change.model_dump_json(), event="order", id=str(after), sep="\n"
                )
            if len(told) < AT_ONCE:
                await _wait(services.signals, woken, ending)


async def _wait(signals: Signals, woken: asyncio.Event, ending: anyio.Event) -> None:
    waited = 0.0
    while not ending.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(woken.wait(), TICK_S)
            return
        waited += TICK_S
        if not signals.listening or waited >= REREAD_S:
            return
