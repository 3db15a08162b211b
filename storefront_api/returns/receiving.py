"""Goods that are back: inspected, put into stock or written off, and paid back exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from storefront_api.events import Topic
from storefront_api.events.orders import RefundedLineV1
from storefront_api.events.returns import (
    ReceivedLineV1,
    ReceivedLineV2,
    ReceivedReturnV2,
    ReturnReceivedV2,
)
from storefront_api.fulfilment.outgoing import envelope
from storefront_api.inventory.outgoing import When
from storefront_api.inventory.returning import come_back
from storefront_api.orders import changes
from storefront_api.orders.changes import What
from storefront_api.payments.lines import tax_of
from storefront_api.payments.service import Amount, give_back
from storefront_api.platform import idempotency
from storefront_api.platform.database import transaction
from storefront_api.platform.errors import InvalidError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue
from storefront_api.returns import repository
from storefront_api.returns.repository import Line
from storefront_api.returns.schemas import InspectedLine, InspectionIn
from storefront_api.returns.service import ReturnStateError, found, locked, shown
from storefront_api.returns.shares import share
from storefront_api.services import Services


def _inspected(wanted: InspectionIn, row: Any, lines: Mapping[int, Line]) -> list[ReceivedLineV1]:
    """Return each line of a return with what its units cost.

    Raises
    ------
    InvalidError
        If not every line of the return is told of to the last unit.
    """
    expected = {line["line_number"]: line["units"] for line in row["lines"]}
    told = {line.line_number: line.restocked + line.written_off for line in wanted.lines}
    if told != expected or len(told) < len(wanted.lines):
        details = [{"line_number": number, "units": units} for number, units in expected.items()]
        raise InvalidError(
            "must tell of every line of the return, once and to the last unit",
            field="body.lines",
            details=details,
        )
    return [_priced(line, lines[line.line_number]) for line in wanted.lines]


def _priced(found: InspectedLine, line: Line) -> ReceivedLineV1:
    units = found.restocked + found.written_off
    return ReceivedLineV1(
        line_number=line.line_number,
        sku=line.sku,
        restocked=found.restocked,
        written_off=found.written_off,
        list_minor=share(line.list_minor, line.quantity, line.came_back, units),
        discount_minor=share(line.discount_minor, line.quantity, line.came_back, units),
    )


def _amount(refund: int, lines: Sequence[ReceivedLineV1]) -> Amount:
    """Return what is given back, by the lines that came back; others bear what is gone of them."""
    costs = {line.line_number: line.list_minor - line.discount_minor for line in lines}
    skus = frozenset(line.sku for line in lines)
    return Amount(refund, skus=skus, by_line=costs, strict=False)


def _received(
    row: Any, currency: str, lines: Sequence[ReceivedLineV1], borne: Sequence[RefundedLineV1]
) -> ReceivedReturnV2:
    by_number = {line.line_number: line for line in borne}
    told = []
    for line in lines:
        part = by_number.get(line.line_number)
        back = {
            "refunded_minor": part.amount_minor if part else 0,
            "tax_minor": part.tax_minor if part else None,
        }
        told.append(ReceivedLineV2(**line.model_dump(), **back))
    return ReceivedReturnV2(
        return_id=row["return_id"],
        order_id=row["order_id"],
        currency=currency,
        lines=told,
        refunded_minor=sum(line.amount_minor for line in borne),
        tax_minor=tax_of(borne),
    )


async def receive(
    services: Services, keyed: Request, return_id: UUID, wanted: InspectionIn, trace_id: str
) -> Answer:
    """Take an approved return back and pay for it, or answer as under the same key before.

    The refund is what the units cost, or what is left of the order's money if that is less: what
    was given back before, say as goodwill, is not given twice.

    Raises
    ------
    NotFoundError, ReturnStateError
        If there is no such return, or it is not approved.
    InvalidError
        If not every line of the return is told of to the last unit, or there is no such warehouse.
    """
    now = services.clock()
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, keyed)
        if given is not None:
            return given
        order, row = await locked(connection, return_id)
        order_id = order.order_id
        lines = _inspected(wanted, row, await repository.lines(connection, order_id, now))
        inspected = [
            (n.line_number, n.restocked, n.written_off, n.list_minor, n.discount_minor)
            for n in lines
        ]
        if not await repository.receive(connection, return_id, inspected, now):
            raise ReturnStateError(f"it is {row['state']}", field="path.return_id")
        costs = sum(line.list_minor - line.discount_minor for line in lines)
        refund = min(costs, order.total_minor - order.refunded_minor)
        restocked: Counter[str] = Counter()
        for line in lines:
            restocked[line.sku] += line.restocked
        back = {sku: units for sku, units in restocked.items() if units}
        if back:
            place, when = wanted.warehouse_id, When(now, now, trace_id)
            await come_back(connection, order_id, back, place, when, "body.warehouse_id")
        details = {"return_id": str(return_id), "refunded_minor": refund}
        await changes.note(connection, order, What.RETURNED, now, now, details)
        borne: Sequence[RefundedLineV1] = ()
        if refund:
            amount = _amount(refund, lines)
            made = await give_back(connection, order, amount, "returned", now, now, trace_id)
            await repository.refunded(connection, return_id, made.refund_id)
            borne = made.lines
        data = _received(row, order.currency, lines, borne)
        event = ReturnReceivedV2(**envelope(order, now, now, trace_id), data=data)
        await enqueue(connection, [(Topic.RETURNS, str(order_id), event)])
        answer = Answer(200, shown(await found(connection, return_id)).model_dump_json())
        await idempotency.keep(connection, keyed, answer)
    return answer
