"""Cancelling an order of which nothing was sent: everything that it took is given back.

Stock, codes and money go back in the transaction that makes it cancelled, and it is made so once.
"""

from __future__ import annotations

from uuid import UUID

from storefront_api.events import Topic
from storefront_api.events.fulfilment import ShipmentStatus
from storefront_api.events.orders import CancelledOrderV1, OrderCancelledV1
from storefront_api.fulfilment import packaging_repository as packaging
from storefront_api.fulfilment import repository
from storefront_api.fulfilment.outgoing import envelope
from storefront_api.fulfilment.schemas import CancelledOut, CancelReason
from storefront_api.fulfilment.service import release
from storefront_api.inventory.outgoing import When
from storefront_api.inventory.returning import call_off
from storefront_api.marketplace.commission import repository as commission
from storefront_api.marketplace.trade.scorecard import Outcome, record
from storefront_api.orders import changes
from storefront_api.orders.changes import LockedOrder, What
from storefront_api.payments import repository as payments
from storefront_api.payments.lines import tax_of
from storefront_api.payments.service import Amount, give_back
from storefront_api.platform import idempotency
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import ConflictError, ForbiddenError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue
from storefront_api.platform.policy import Permission
from storefront_api.promotions import repository as promotions
from storefront_api.services import Services


class AlreadySentError(ConflictError):
    """A carrier or the shopper has something of the order; what is left is a return."""

    code = "already_sent"


class AlreadyCancelledError(ConflictError):
    """The order was cancelled before."""

    code = "already_cancelled"


async def cancel(
    services: Services,
    request: Request,
    caller: Caller,
    order_id: UUID,
    reason: CancelReason,
    trace_id: str,
) -> Answer:
    """Cancel an order, or answer what was answered under the same key.

    Raises
    ------
    ForbiddenError
        If a shopper states a reason of the staff's.
    NotFoundError
        If there is no such order, or it is somebody else's.
    AlreadySentError, AlreadyCancelledError
        If it is too late.
    """
    if reason != "shopper" and not caller.may(Permission.FULFIL):
        raise ForbiddenError("only the staff may state this", field="body.reason")
    now = services.clock()
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, request)
        if given is not None:
            return given
        order = await changes.lock(connection, order_id, changes.owner(caller))
        facts = await changes.facts(connection, order_id)
        if facts.cancelled:
            raise AlreadyCancelledError("it is cancelled", field="path.order_id")
        if facts.shipped or facts.returned:
            raise AlreadySentError(f"it is {facts.status}", field="path.order_id")
        for shipment in await repository.of_order(connection, order_id):
            if shipment.status is not ShipmentStatus.VOIDED:
                await release(connection, order, shipment, now, trace_id)
        await repository.cancel(connection, order_id, reason, now)
        left = await payments.returnable(connection, order_id)
        back = {sku: units for sku, units in left.items() if units > 0}
        if back:
            await call_off(connection, order_id, back, When(now, now, trace_id))
        codes = [discount.code for discount in await promotions.of_order(connection, order_id)]
        if codes:
            await promotions.give_back(connection, codes, order.subject)
        await packaging.all_back(connection, order_id)
        if reason == "out_of_stock":
            # The one reason that is the vendors'; which of several had nothing, nobody says.
            vendors = await commission.vendors_of(connection, order_id)
            reference = str(order_id)
            await record(connection, Outcome.CANCELLED, reference, vendors, order_id, now)
        goods, fees, tax = await _money_back(connection, order, services, trace_id)
        data = CancelledOrderV1(
            order_id=order_id, reason=reason, currency=order.currency, refunded_minor=goods
        )
        event = OrderCancelledV1(**envelope(order, now, now, trace_id), data=data)
        await enqueue(connection, [(Topic.ORDERS, str(order_id), event)])
        details = {"reason": reason, "refunded_minor": goods + fees}
        status = await changes.note(connection, order, What.CANCELLED, now, now, details)
        out = CancelledOut(
            order_id=order_id, status=status, refunded_minor=goods + fees, tax_minor=tax
        )
        answer = Answer(200, out.model_dump_json())
        await idempotency.keep(connection, request, answer)
    return answer


async def _money_back(
    connection: Connection, order: LockedOrder, services: Services, trace_id: str
) -> tuple[int, int, int | None]:
    goods = order.total_minor - order.refunded_minor
    fees = order.fees_minor - order.fees_refunded_minor
    tax = None
    if goods or fees:
        now = services.clock()
        amount = Amount(goods, fees)
        # What was cancelled was never received; the contract has no nearer reason.
        made = await give_back(connection, order, amount, "not_received", now, now, trace_id)
        tax = tax_of(made.lines)
    return goods, fees, tax
