"""Asking for a return, deciding about it, and taking the goods back."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from storefront_api.events import Topic
from storefront_api.events.fulfilment import ShipmentStatus
from storefront_api.events.returns import (
    DecidedReturnV1,
    ReturnApprovedV1,
    ReturnLineV1,
    ReturnRejectedV1,
    ReturnRequestedV1,
    ReturnV1,
)
from storefront_api.fulfilment import repository as shipments
from storefront_api.fulfilment.outgoing import envelope
from storefront_api.orders import changes
from storefront_api.orders import changes_repository as orders
from storefront_api.orders.changes import LockedOrder, What
from storefront_api.orders.status import latest
from storefront_api.payments import repository as payments
from storefront_api.platform import idempotency
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import ConflictError, InvalidError, NotFoundError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.returns import repository
from storefront_api.returns.repository import Line
from storefront_api.returns.schemas import ReturnIn, ReturnLineOut, ReturnOut, State
from storefront_api.services import Services


class NotReturnableError(ConflictError):
    """The shopper does not have as many units, or has had them for too long."""

    code = "not_returnable"


class ReturnStateError(ConflictError):
    """The return is too far, or not far enough, for that."""

    code = "return_state"


def shown(row: Any) -> ReturnOut:
    """Return a return as it is answered."""
    fields = {name: row[name] for name in ReturnOut.model_fields.keys() - {"lines"}}
    told = ReturnLineOut.model_fields
    lines = [{name: line[name] for name in told} for line in row["lines"]]
    return ReturnOut(**fields, lines=[ReturnLineOut(**line) for line in lines])


async def found(connection: Connection, return_id: UUID, whose: str = "") -> Any:
    """Return a return's row.

    Raises
    ------
    NotFoundError
        If there is none, or it is somebody else's.
    """
    row = await repository.find(connection, return_id, whose)
    if row is None:
        raise NotFoundError(f"there is no return {return_id}", field="path.return_id")
    return row


async def locked(connection: Connection, return_id: UUID) -> tuple[LockedOrder, Any]:
    """Lock a return's order and return both, the return as it is under the lock."""
    order_id = (await found(connection, return_id))["order_id"]
    order = await changes.lock(connection, order_id)
    return order, await found(connection, return_id)


async def _in_time(
    connection: Connection, order: LockedOrder, lines: dict[int, Line], now: datetime
) -> tuple[Counter[int], Counter[int]]:
    """Return the units of each line that were delivered, and those that may still come back."""
    arrived: list[tuple[int, int, datetime]] = []
    if order.channel == "till":
        arrived += [(n, line.quantity, order.ordered_at) for n, line in lines.items()]
    for shipment in await shipments.of_order(connection, order.order_id):
        scan = latest(shipment.scans)
        if shipment.status is ShipmentStatus.DELIVERED and scan is not None:
            parts = shipment.lines
            arrived += [(part.line_number, part.quantity, scan.scanned_at) for part in parts]
    delivered: Counter[int] = Counter()
    in_time: Counter[int] = Counter()
    for number, units, at in arrived:
        delivered[number] += units
        if now <= at + timedelta(days=lines[number].days):
            in_time[number] += units
    return delivered, in_time


async def request(
    services: Services,
    keyed: Request,
    caller: Caller,
    order_id: UUID,
    wanted: ReturnIn,
    trace_id: str,
) -> Answer:
    """Ask to give units of an order back, or answer as under the same key before.

    Raises
    ------
    NotFoundError
        If there is no such order, or it is somebody else's.
    InvalidError
        If the order has no such line.
    NotReturnableError
        If not as many units were delivered, came back already, or the rule's days are over.
    """
    now = services.clock()
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, keyed)
        if given is not None:
            return given
        order = await changes.lock(connection, order_id, changes.owner(caller))
        lines = await repository.lines(connection, order_id, now)
        await _check(connection, order, wanted, lines, now)
        units = {line.line_number: line.units for line in wanted.lines}
        await repository.count(connection, order_id, units)
        return_id = new_id()
        rows = [
            (n.line_number, n.units, n.reason, rule.rule_id, rule.rule_version)
            for n in wanted.lines
            for rule in [lines[n.line_number]]
        ]
        await repository.insert(connection, return_id, order_id, rows, now)
        told = [
            ReturnLineV1(**line.model_dump(), sku=lines[line.line_number].sku)
            for line in wanted.lines
        ]
        data = ReturnV1(return_id=return_id, order_id=order_id, lines=told)
        event = ReturnRequestedV1(**envelope(order, now, now, trace_id), data=data)
        await enqueue(connection, [(Topic.RETURNS, str(order_id), event)])
        details = {
            "return_id": str(return_id),
            "lines": [line.model_dump(mode="json") for line in wanted.lines],
        }
        await changes.note(connection, order, What.RETURN_REQUESTED, now, now, details)
        answer = Answer(201, shown(await found(connection, return_id)).model_dump_json())
        await idempotency.keep(connection, keyed, answer)
    return answer


async def _check(
    connection: Connection,
    order: LockedOrder,
    wanted: ReturnIn,
    lines: dict[int, Line],
    now: datetime,
) -> None:
    delivered, in_time = await _in_time(connection, order, lines, now)
    left = await payments.returnable(connection, order.order_id)
    refused: list[dict[str, Any]] = []
    for index, line in enumerate(wanted.lines):
        known = lines.get(line.line_number)
        if known is None:
            field = f"body.lines.{index}.line_number"
            raise InvalidError(f"there is no line {line.line_number}", field=field)
        had = delivered[line.line_number] - known.returning_units
        most = max(0, min(had, in_time[line.line_number], left[known.sku]))
        # Lines of one sku share what is left of it.
        left[known.sku] -= line.units
        if line.units > most:
            rule = {"days": known.days, "rule_id": known.rule_id}
            refused.append({"line_number": line.line_number, "returnable": most, **rule})
    if refused:
        raise NotReturnableError(
            "not as many units can be given back", field="body.lines", details=refused
        )


async def read(services: Services, caller: Caller, return_id: UUID) -> ReturnOut:
    """Return a return of an order that the caller may see.

    Raises
    ------
    NotFoundError
        If there is none, or it is somebody else's.
    """
    return shown(await found(services.pool, return_id, changes.owner(caller)))


async def of_order(services: Services, caller: Caller, order_id: UUID) -> list[ReturnOut]:
    """Return the returns of an order that the caller may see.

    Raises
    ------
    NotFoundError
        If there is no such order, or it is somebody else's.
    """
    if not await orders.is_there(services.pool, order_id, changes.owner(caller)):
        raise changes.missing(order_id)
    return [shown(row) for row in await repository.of_order(services.pool, order_id)]


async def approve(services: Services, return_id: UUID, decision: str, trace_id: str) -> ReturnOut:
    """Say that the goods may be sent back.

    Raises
    ------
    NotFoundError, ReturnStateError
        If there is no such return, or it was decided about.
    """
    return await _decide(services, return_id, "approved", decision, trace_id)


async def reject(services: Services, return_id: UUID, decision: str, trace_id: str) -> ReturnOut:
    """Say that the goods will not be taken back; their units may be asked for again.

    Raises
    ------
    NotFoundError, ReturnStateError
        If there is no such return, or it was rejected or received.
    """
    return await _decide(services, return_id, "rejected", decision, trace_id)


async def _decide(
    services: Services, return_id: UUID, state: State, decision: str, trace_id: str
) -> ReturnOut:
    now = services.clock()
    rejected = state == "rejected"
    before = ("requested", "approved") if rejected else ("requested",)
    async with transaction(services.pool) as connection:
        order, row = await locked(connection, return_id)
        if not await repository.decide(connection, return_id, state, decision, before, now):
            raise ReturnStateError(f"it is {row['state']}", field="path.return_id")
        if rejected:
            units = {line["line_number"]: -line["units"] for line in row["lines"]}
            await repository.count(connection, order.order_id, units)
        kind = ReturnRejectedV1 if rejected else ReturnApprovedV1
        data = DecidedReturnV1(return_id=return_id, order_id=order.order_id)
        event = kind(**envelope(order, now, now, trace_id), data=data)
        await enqueue(connection, [(Topic.RETURNS, str(order.order_id), event)])
        what = What.RETURN_REJECTED if rejected else What.RETURN_APPROVED
        details, also = {"return_id": str(return_id)}, {"instructions": decision}
        await changes.note(connection, order, what, now, now, details, also)
        return shown(await found(connection, return_id))
