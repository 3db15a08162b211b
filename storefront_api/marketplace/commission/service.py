"""Charging commission with an order, and giving it back with the order's money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Literal
from uuid import UUID

from storefront_api.events import Event, Topic
from storefront_api.events.marketplace import (
    ChargedLineV1,
    CommissionChargedV1,
    CommissionReversedV1,
    CommissionV1,
    ReversalV1,
    ReversedLineV1,
)
from storefront_api.events.orders import OrderCompletedV3
from storefront_api.marketplace.commission import repository
from storefront_api.marketplace.commission.arithmetic import Line, Share, shares
from storefront_api.platform.database import Connection
from storefront_api.platform.errors import ConflictError
from storefront_api.platform.outbox import enqueue, new_id

Cause = Literal["refund", "chargeback"]


async def charge(
    connection: Connection, placed: OrderCompletedV3
) -> list[tuple[Topic, str, Event]]:
    """Split an order among its vendors and charge commission, in the order's transaction.

    It is one statement, whatever the number of vendors.

    Returns
    -------
    The events that tell of it, one for each vendor.
    """
    order = placed.data
    wanted = [(line.line_number, line.sku, line.total_minor) for line in order.lines]
    at = placed.occurred_at
    rows = await repository.charge(connection, order.order_id, wanted, order.currency, at)
    return [
        (
            Topic.MARKETPLACE,
            str(order.order_id),
            CommissionChargedV1(
                id=new_id(),
                occurred_at=at,
                received_at=placed.received_at,
                subject="",
                trace_id=placed.trace_id,
                data=_charged(order.order_id, vendor_id, order.currency, list(lines)),
            ),
        )
        for vendor_id, lines in groupby(rows, key=lambda row: row["vendor_id"])
    ]


def _charged(order_id: UUID, vendor_id: str, currency: str, rows: list[Any]) -> CommissionV1:
    return CommissionV1(
        order_id=order_id,
        vendor_id=vendor_id,
        currency=currency,
        sale_minor=sum(row["sale_minor"] for row in rows),
        commission_minor=sum(row["commission_minor"] for row in rows),
        lines=[ChargedLineV1(**{n: row[n] for n in ChargedLineV1.model_fields}) for row in rows],
    )


async def reverse(
    connection: Connection,
    cause: Cause,
    cause_id: UUID,
    order_id: UUID,
    amount_minor: int,
    at: datetime,
    now: datetime,
    trace_id: str,
    *,
    skus: frozenset[str] = frozenset(),
    stated: Mapping[int, int] | None = None,
    strict: bool = True,
) -> list[Share]:
    """Take a refund or chargeback from the vendors, in its own transaction, with its events.

    Parameters
    ----------
    cause_id
        The refund or the dispute; each is taken once.
    skus, stated
        Which lines bear it, as `arithmetic.spread` says.
    strict
        Whether stated lines must have as much left; otherwise others bear what they have not.

    Raises
    ------
    ConflictError
        If a stated line is not there, or less is left of it than has to be.

    Returns
    -------
    What each line bears; nothing for an order from before orders were split.
    """
    currency = await repository.hold(connection, order_id)
    if currency is None:
        return []
    lines = await repository.lines(connection, order_id)
    if strict:
        _refuse_excess(lines, stated or {})
    borne = shares(lines, amount_minor, skus, stated)
    await repository.reverse(connection, cause, cause_id, order_id, currency, borne, at)
    by_vendor = sorted(borne, key=lambda share: share.line.vendor_id)
    events: list[tuple[Topic, str, Event]] = []
    for vendor_id, of_vendor in groupby(by_vendor, key=lambda share: share.line.vendor_id):
        parts = list(of_vendor)
        data = ReversalV1(
            cause=cause,
            cause_id=cause_id,
            order_id=order_id,
            vendor_id=vendor_id,
            currency=currency,
            sale_minor=sum(share.sale_minor for share in parts),
            commission_minor=sum(share.commission_minor for share in parts),
            lines=_reversed(parts),
        )
        event = CommissionReversedV1(
            id=new_id(),
            occurred_at=at,
            received_at=now,
            subject="",
            trace_id=trace_id,
            data=data,
        )
        events.append((Topic.MARKETPLACE, str(order_id), event))
    if events:
        await enqueue(connection, events)
    return borne


def _refuse_excess(lines: Sequence[Line], stated: Mapping[int, int]) -> None:
    left = {line.line_number: line.left_minor for line in lines}
    for number, wanted in stated.items():
        if wanted > left.get(number, 0):
            rule = f"line {number} has {left.get(number, 0)} left to give back"
            raise ConflictError(rule, field="body.lines")


def _reversed(parts: Sequence[Share]) -> list[ReversedLineV1]:
    return [
        ReversedLineV1(
            line_number=share.line.line_number,
            sale_minor=share.sale_minor,
            commission_minor=share.commission_minor,
        )
        for share in parts
    ]
