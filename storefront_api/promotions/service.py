"""Creating promotions, and using them in an order's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from storefront_api.events import Event, Topic
from storefront_api.events.orders import OrderCompletedV3
from storefront_api.events.promotions import (
    AppliedCouponV1,
    CouponAppliedV1,
    DiscountedLineV1,
    PromotionCreatedV1,
    PromotionV1,
)
from storefront_api.platform import idempotency
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import ConflictError, InvalidError, NotFoundError, UsedUpError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.promotions import repository
from storefront_api.promotions.discounts import Discount
from storefront_api.promotions.schemas import PromotionIn, PromotionOut
from storefront_api.services import Services


async def create(
    services: Services, request: Request, wanted: PromotionIn, trace_id: str
) -> Answer:
    """Create a promotion, or answer what was answered under the same idempotency key.

    Raises
    ------
    InvalidError
        If it ends before it starts.
    ConflictError
        If the code exists.
    """
    now = services.clock()
    if wanted.ends_at and wanted.ends_at <= (wanted.starts_at or now):
        raise InvalidError("must be later than its start", field="body.ends_at")
    promotion = {**wanted.model_dump(), "starts_at": wanted.starts_at or now}
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, request)
        if given is not None:
            return given
        values = [promotion[name] for name in repository.COLUMNS]
        if not await repository.insert(connection, values):
            raise ConflictError(f"the code {wanted.code} exists", field="body.code")
        event = PromotionCreatedV1(
            id=new_id(),
            occurred_at=now,
            received_at=now,
            subject="",
            trace_id=trace_id,
            data=PromotionV1(**promotion),
        )
        await enqueue(connection, [(Topic.CATALOG, wanted.code, event)])
        answer = Answer(201, PromotionOut(**promotion, used=0).model_dump_json())
        await idempotency.keep(connection, request, answer)
    return answer


async def read(services: Services, code: str) -> PromotionOut:
    """Return a promotion and how often it was used.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    known: dict[str, Any] = await repository.find(services.pool, [code])
    if code not in known:
        raise NotFoundError(f"there is no promotion {code}", field="path.code")
    return PromotionOut(**known[code], used=await repository.used(services.pool, code))


async def redeem(connection: Connection, subject: str, discounts: Sequence[Discount]) -> None:
    """Count a shopper's uses of codes, within their limits.

    Raises
    ------
    UsedUpError
        If a code's last use is gone.
    """
    codes = [discount.code for discount in discounts]
    gone, spent = await repository.take(connection, codes, subject)
    for code, rule in ((gone, "is used up"), (spent, "was used by this shopper already")):
        if code:
            field = f"body.promotion_codes.{codes.index(code)}"
            raise UsedUpError(f"{code} {rule}", field=field)


def coupons_applied(
    order: OrderCompletedV3, discounts: Sequence[Discount]
) -> list[tuple[Topic, str, Event]]:
    """Return one event for each code of an order."""
    return [
        (
            Topic.ORDERS,
            str(order.data.order_id),
            CouponAppliedV1(
                id=new_id(),
                occurred_at=order.occurred_at,
                received_at=order.received_at,
                subject=order.subject,
                trace_id=order.trace_id,
                data=AppliedCouponV1(
                    order_id=order.data.order_id,
                    code=discount.code,
                    currency=order.data.currency,
                    amount_minor=discount.amount_minor,
                    lines=[
                        DiscountedLineV1(line_number=line, amount_minor=minor)
                        for line, minor in discount.by_line.items()
                    ],
                ),
            ),
        )
        for discount in discounts
    ]
