"""What happens to an order's money after it was placed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from storefront_api.events import Topic
from storefront_api.events.orders import OrderRefundedV1, RefundV1
from storefront_api.events.payments import DisputeV1, PaymentDisputedV1
from storefront_api.inventory.service import add
from storefront_api.marketplace.commission.service import reverse
from storefront_api.marketplace.trade.scorecard import Outcome, record
from storefront_api.payments import repository
from storefront_api.payments.schemas import DisputeIn, DisputeOut, RefundIn, RefundOut
from storefront_api.platform import idempotency
from storefront_api.platform.database import transaction
from storefront_api.platform.errors import ConflictError, NotFoundError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.services import Services


async def refund(
    services: Services,
    request: Request,
    order_id: UUID,
    wanted: RefundIn,
    stated_at: datetime | None,
    trace_id: str,
) -> Answer:
    """Refund a part of an order, or answer what was answered under the same key.

    Raises
    ------
    NotFoundError
        If there is no such order.
    ConflictError
        If the order's refunds would exceed its total, or more came back than was ordered.
    """
    now = services.clock()
    at = stated_at or now
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, request)
        if given is not None:
            return given
        if await repository.order(connection, order_id) is None:
            raise NotFoundError(f"there is no order {order_id}", field="path.order_id")
        taken = await repository.take(connection, order_id, wanted.amount_minor)
        if taken is None:
            raise ConflictError("refunds may not exceed the order", field="body.amount_minor")
        refund_id = new_id()
        amount, reason = wanted.amount_minor, wanted.reason
        await repository.add_refund(connection, refund_id, order_id, amount, reason, at)
        event = OrderRefundedV1(
            id=new_id(),
            occurred_at=at,
            received_at=now,
            subject=taken["subject"],
            trace_id=trace_id,
            data=RefundV1(
                refund_id=refund_id,
                order_id=order_id,
                currency=taken["currency"],
                amount_minor=amount,
                reason=reason,
            ),
        )
        await enqueue(connection, [(Topic.ORDERS, str(order_id), event)])
        deltas: dict[str, int] = {}
        for item in wanted.restock:
            deltas[item.sku] = deltas.get(item.sku, 0) + item.quantity
        if deltas:
            # The order's row is locked since its refund was counted, so nobody else returns.
            left = await repository.returnable(connection, order_id)
            excess = sorted(sku for sku, units in deltas.items() if units > left.get(sku, 0))
            if excess:
                message = f"more than was ordered: {', '.join(excess)}"
                raise ConflictError(message, field="body.restock")
            await add(connection, deltas, "return", str(order_id), at, now, trace_id)
        borne = await reverse(
            connection,
            "refund",
            refund_id,
            order_id,
            amount,
            at,
            now,
            trace_id,
            skus=frozenset(deltas),
            stated={line.line_number: line.amount_minor for line in wanted.lines},
        )
        if reason == "returned":
            vendors = {share.line.vendor_id for share in borne}
            await record(connection, Outcome.RETURNED, str(refund_id), vendors, order_id, at)
        out = RefundOut(
            refund_id=refund_id,
            order_id=order_id,
            amount_minor=amount,
            refunded_minor=taken["refunded_minor"],
        )
        answer = Answer(201, out.model_dump_json())
        await idempotency.keep(connection, request, answer)
    return answer


async def dispute(services: Services, reported: DisputeIn, trace_id: str) -> DisputeOut:
    """Record a chargeback once, however often it is reported.

    Raises
    ------
    NotFoundError
        If there is no such order.
    """
    now = services.clock()
    at = reported.disputed_at if services.settings.replay_clock else now
    async with transaction(services.pool) as connection:
        order = await repository.order(connection, reported.order_id)
        if order is None:
            raise NotFoundError(f"there is no order {reported.order_id}", field="body.order_id")
        recorded = await repository.add_dispute(
            connection,
            reported.dispute_id,
            reported.order_id,
            reported.amount_minor,
            reported.reason,
            at,
        )
        if recorded:
            event = PaymentDisputedV1(
                id=new_id(),
                occurred_at=at,
                received_at=now,
                subject=order["subject"],
                trace_id=trace_id,
                data=DisputeV1(
                    dispute_id=reported.dispute_id,
                    order_id=reported.order_id,
                    currency=order["currency"],
                    amount_minor=reported.amount_minor,
                    reason=reported.reason,
                ),
            )
            await enqueue(connection, [(Topic.PAYMENTS, str(reported.order_id), event)])
            borne = await reverse(
                connection,
                "chargeback",
                reported.dispute_id,
                reported.order_id,
                reported.amount_minor,
                at,
                now,
                trace_id,
            )
            vendors = {share.line.vendor_id for share in borne}
            reference, order_id = str(reported.dispute_id), reported.order_id
            await record(connection, Outcome.DISPUTED, reference, vendors, order_id, at)
    return DisputeOut(dispute_id=reported.dispute_id, recorded=recorded)
