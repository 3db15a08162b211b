"""What happens to an order's money after it was placed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from storefront_api.events import Topic
from storefront_api.events.orders import OrderRefundedV2, RefundedLineV1, RefundV2
from storefront_api.events.payments import DisputeV1, PaymentDisputedV1
from storefront_api.inventory.outgoing import When
from storefront_api.inventory.returning import put_back
from storefront_api.ledger import service as ledger
from storefront_api.ledger.postings import chargeback
from storefront_api.marketplace.commission.service import reverse
from storefront_api.marketplace.trade.scorecard import Outcome, record
from storefront_api.orders import changes
from storefront_api.orders.changes import LockedOrder, What
from storefront_api.payments import giving_back, repository
from storefront_api.payments.giving_back import Refunded
from storefront_api.payments.lines import refunded_lines, tax_of
from storefront_api.payments.schemas import DisputeIn, DisputeOut, RefundIn, RefundOut, RefundReason
from storefront_api.platform import idempotency
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import ConflictError, NotFoundError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.services import Services


@dataclass(frozen=True)
class Amount:
    """What is given back, in minor units: of the goods, and of what was paid beside them.

    Parameters
    ----------
    skus, by_line
        Whose lines bear the goods' part, as far as that is known; by line number what each bears.
        It decides which vendors are charged for it, and which line's tax goes back.
    strict
        Whether `by_line` is refused where a line has less left; otherwise others bear the rest.
    """

    goods_minor: int
    fees_minor: int = 0
    skus: frozenset[str] = frozenset()
    by_line: Mapping[int, int] = field(default_factory=dict)
    strict: bool = True


@dataclass(frozen=True)
class Made:
    """A refund that was made.

    Parameters
    ----------
    refunded_minor
        What is refunded of the order's goods, this refund included.
    lines
        Which lines bear it, each with its share of tax.
    """

    refund_id: UUID
    refunded_minor: int
    lines: Sequence[RefundedLineV1]


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
        If the order's refunds would exceed its total, more came back than was ordered, or what is
        to be stock again is in a shipment.
    InvalidError
        If there is no such warehouse.
    """
    now = services.clock()
    at = stated_at or now
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, request)
        if given is not None:
            return given
        order = await changes.lock(connection, order_id)
        deltas: dict[str, int] = {}
        for item in wanted.restock:
            deltas[item.sku] = deltas.get(item.sku, 0) + item.quantity
        if deltas:
            # The order's row is locked, so nobody else returns.
            left = await repository.returnable(connection, order_id)
            excess = sorted(sku for sku, units in deltas.items() if units > left.get(sku, 0))
            if excess:
                message = f"more than was ordered: {', '.join(excess)}"
                raise ConflictError(message, field="body.restock")
            await put_back(
                connection,
                order_id,
                deltas,
                wanted.warehouse_id,
                When(at, now, trace_id),
                over_the_counter=order.channel == "till",
            )
        stated = {line.line_number: line.amount_minor for line in wanted.lines}
        amount = Amount(wanted.amount_minor, skus=frozenset(deltas), by_line=stated)
        made = await give_back(connection, order, amount, wanted.reason, at, now, trace_id)
        out = RefundOut(
            refund_id=made.refund_id,
            order_id=order_id,
            amount_minor=wanted.amount_minor,
            tax_minor=tax_of(made.lines),
            lines=list(made.lines),
            refunded_minor=made.refunded_minor,
        )
        answer = Answer(201, out.model_dump_json())
        await idempotency.keep(connection, request, answer)
    return answer


async def give_back(
    connection: Connection,
    order: LockedOrder,
    amount: Amount,
    reason: RefundReason,
    at: datetime,
    now: datetime,
    trace_id: str,
) -> Made:
    """Refund a part of a locked order: the one way in which money goes back.

    The order's log and the event tell of the goods' part alone; fees have events of their own.
    Stock that comes back is locked before: accounts of the ledger are locked here.

    Raises
    ------
    ConflictError
        If the order's refunds would exceed what was paid.
    """
    taken = await repository.take(connection, order.order_id, amount.goods_minor, amount.fees_minor)
    if taken is None:
        raise ConflictError("refunds may not exceed the order", field="body.amount_minor")
    refund_id = new_id()
    await repository.add_refund(
        connection,
        refund_id,
        order.order_id,
        amount.goods_minor + amount.fees_minor,
        reason,
        at,
        amount.fees_minor,
    )
    borne: list[RefundedLineV1] = []
    if amount.goods_minor:
        lines = await repository.lines(connection, order.order_id)
        borne = refunded_lines(lines, amount.goods_minor, amount.skus, amount.by_line)
        await repository.add_lines(connection, refund_id, order.order_id, borne)
        told = RefundV2(
            refund_id=refund_id,
            order_id=order.order_id,
            currency=order.currency,
            amount_minor=amount.goods_minor,
            reason=reason,
            tax_minor=tax_of(borne),
            lines=borne,
        )
        event = OrderRefundedV2(
            id=new_id(),
            occurred_at=at,
            received_at=now,
            subject=order.subject,
            trace_id=trace_id,
            data=told,
        )
        await enqueue(connection, [(Topic.ORDERS, str(order.order_id), event)])
        details = told.model_dump(mode="json", include={"refund_id", "amount_minor", "reason"})
        await changes.note(connection, order, What.REFUNDED, at, now, details)
    goods, fees = amount.goods_minor, amount.fees_minor
    refunded = Refunded(refund_id, order.order_id, goods, fees, taken, at, now, trace_id)
    if told_also := await giving_back.post(connection, refunded):
        await enqueue(connection, told_also)
    if goods:
        charged = await reverse(
            connection,
            "refund",
            refund_id,
            order.order_id,
            goods,
            at,
            now,
            trace_id,
            skus=amount.skus,
            stated=amount.by_line,
            strict=amount.strict,
        )
        if reason == "returned":
            vendors = {share.line.vendor_id for share in charged}
            reference = str(refund_id)
            await record(connection, Outcome.RETURNED, reference, vendors, order.order_id, at)
    return Made(refund_id, taken["refunded_minor"], borne)


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
            taken = chargeback(reported.dispute_id, order["currency"], reported.amount_minor)
            await ledger.post(connection, taken, at)
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
