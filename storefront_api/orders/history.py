"""Reading orders back: a caller's orders page by page, and what happened to one."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from storefront_api.orders import changes
from storefront_api.orders import changes_repository as repository
from storefront_api.orders.schemas import ChangeOut, HistoryOut, OrderPage, OrderSummary
from storefront_api.platform.auth import Caller
from storefront_api.platform.errors import InvalidError
from storefront_api.platform.requests import Instant
from storefront_api.services import Services

MAX_CHANGES = 1_000
"""Entries of a log that are shown at once; the updates tell those behind them."""
_LATEST = (datetime(2200, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))


class _Mark(BaseModel):
    """The last order of a page."""

    model_config = ConfigDict(extra="forbid")

    ordered_at: Instant
    order_id: UUID


def _read(cursor: str) -> tuple[datetime, UUID]:
    try:
        mark = _Mark.model_validate_json(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except (binascii.Error, ValidationError, ValueError):
        raise InvalidError("is not a cursor that a page gave", field="query.after") from None
    return mark.ordered_at, mark.order_id


async def page(services: Services, caller: Caller, after: str, limit: int) -> OrderPage:
    """Return the caller's orders, latest first, from behind a cursor on.

    A partner gets what it placed, everybody else what is theirs. An order that is placed
    meanwhile neither repeats nor hides another one on a later page.

    Raises
    ------
    InvalidError
        If the cursor is none.
    """
    rows = await repository.page(
        services.pool,
        caller.name,
        placed=caller.is_partner,
        before=_read(after) if after else _LATEST,
        most=limit + 1,
    )
    shown = rows[:limit]
    facts = await repository.facts(services.pool, [row["order_id"] for row in shown])
    cursor = ""
    if len(rows) > limit:
        mark = _Mark(ordered_at=shown[-1]["ordered_at"], order_id=shown[-1]["order_id"])
        cursor = base64.urlsafe_b64encode(mark.model_dump_json().encode()).decode()
    orders = [OrderSummary(**dict(row), status=facts[row["order_id"]].status) for row in shown]
    return OrderPage(orders=orders, next_cursor=cursor)


async def history(services: Services, caller: Caller, order_id: UUID) -> HistoryOut:
    """Return what happened to an order that the caller may see.

    Raises
    ------
    NotFoundError
        If there is none, or it is somebody else's.
    """
    if not await repository.is_there(services.pool, order_id, changes.owner(caller)):
        raise changes.missing(order_id)
    rows = await repository.of_order(services.pool, order_id, 0, MAX_CHANGES)
    facts = await changes.facts(services.pool, order_id)
    return HistoryOut(
        order_id=order_id, status=facts.status, changes=[ChangeOut(**row) for row in rows]
    )
