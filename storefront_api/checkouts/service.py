"""Opening checkouts, and the two ways in which they end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from storefront_api.carts import repository as carts
from storefront_api.checkouts import repository, tendering
from storefront_api.checkouts.outgoing import ended, opened, released, reserved
from storefront_api.checkouts.repository import Checkout
from storefront_api.checkouts.schemas import CheckoutIn, CheckoutOut, TenderOut
from storefront_api.events.orders import PaymentV2
from storefront_api.events.parts import Channel
from storefront_api.fulfilment.packaging import choose
from storefront_api.identity.profile import own_address
from storefront_api.inventory import repository as stock
from storefront_api.ledger.tenders import Tender, due
from storefront_api.orders import service as orders
from storefront_api.orders.schemas import LineIn, OrderIn
from storefront_api.platform import idempotency
from storefront_api.platform.apart import apart
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
)
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue
from storefront_api.platform.policy import Permission
from storefront_api.pricing.explanation import explain
from storefront_api.promotions import repository as promotions
from storefront_api.promotions.service import redeem
from storefront_api.services import Services

NOT_PAID_YET = PaymentV2(method="card", fingerprint="", country="")
EXPIRED_AT_ONCE = 100
"""Checkouts that one sweep looks at."""


class PriceChangedError(ConflictError):
    """It does not cost what the shopper was shown."""

    code = "price_changed"


class CheckoutClosedError(ConflictError):
    """The checkout has expired or was cancelled: nothing is kept for it any more."""

    code = "checkout_closed"


def to_buy(rows: Sequence[Any]) -> list[Any]:
    """Return the lines of a cart that are not kept for later.

    Raises
    ------
    InvalidError
        If there are none.
    """
    wanted = [row for row in rows if not row["saved"]]
    if not wanted:
        raise InvalidError("the cart has nothing to buy now", field="body")
    return wanted


def lines_of(rows: Sequence[Any]) -> list[LineIn]:
    """Return lines of a cart as an order wants them."""
    return [LineIn(sku=row["sku"], quantity=row["quantity"]) for row in rows]


def shown_tenders(tenders: Sequence[Tender]) -> list[TenderOut]:
    """Return tenders as their shopper sees them."""
    names = TenderOut.model_fields
    return [TenderOut(**{name: getattr(tender, name) for name in names}) for tender in tenders]


def shown(checkout: Checkout) -> CheckoutOut:
    """Return a checkout as its shopper sees it."""
    order = checkout.placed
    return CheckoutOut(
        checkout_id=checkout.checkout_id,
        state=checkout.state,
        currency=order.currency,
        destination=order.destination,
        lines=order.lines,
        discounts=orders.explained(checkout.discounts),
        explanation=explain(order.lines, checkout.rules, checkout.discounts, checkout.tenders),
        total_minor=order.total_minor,
        tax_minor=order.tax_minor,
        packaging=checkout.packaging,
        tenders=shown_tenders(checkout.tenders),
        due_minor=checkout.due_minor,
        expires_at=checkout.expires_at,
    )


async def open_checkout(
    services: Services, request: Request, caller: Caller, wanted: CheckoutIn, trace_id: str
) -> Answer:
    """Reserve what is in the shopper's cart, or answer what was answered under the same key.

    Raises
    ------
    InvalidError
        If the cart is empty, or a line or a code breaks a rule.
    PriceChangedError
        If it does not cost what was expected.
    OutOfStockError, UsedUpError, GiftcardSpentError, TooFewPointsError
        If there is not enough of something, or a code has no use left; nothing was taken then.
    ForbiddenError
        If somebody without an account would spend points.
    """
    tendering.refuse_points(caller, wanted.points)
    now = services.clock()
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, request)
        if given is not None:
            return given
        rows = to_buy(await carts.lines(connection, caller.name))
        order = _order(caller, wanted, rows)
        home = services.settings.home_country
        placed, priced = await orders.price(connection, order, now, home)
        packed = await choose(
            connection, wanted.delivery.packaging, placed.currency, orders.units(placed), now
        )
        costs = placed.total_minor + packed.fees_minor
        expected = wanted.expected_total_minor
        if expected is not None and expected != costs:
            prices = [
                {"sku": line.sku, "list_minor": line.list_minor, "total_minor": line.total_minor}
                for line in placed.lines
            ]
            raise PriceChangedError(
                f"it costs {costs} now and not {expected}",
                field="body.expected_total_minor",
                details=prices,
            )
        checkout = Checkout(
            checkout_id=placed.order_id,
            owner=caller.name,
            state="open",
            subject=caller.subject,
            collects_points=caller.may(Permission.COLLECT_POINTS),
            placed=placed,
            rules=priced.rules,
            discounts=priced.discounts,
            tenders=[],
            due_minor=costs,
            intent_id="",
            expires_at=now + timedelta(seconds=services.settings.checkout_seconds),
            packaging=packed,
            contact_email=wanted.contact_email or await own_address(connection, caller),
        )
        kept = await _take(connection, checkout)
        # After stock and codes: what is locked last is waited for the least.
        tenders = await tendering.keep(services, connection, checkout, wanted, now)
        checkout = replace(checkout, tenders=tenders, due_minor=due(costs, tenders))
        await repository.insert(connection, checkout, now)
        await enqueue(
            connection,
            [reserved(checkout, kept, now, trace_id), opened(checkout, now, trace_id)],
        )
        answer = Answer(201, shown(checkout).model_dump_json())
        await idempotency.keep(connection, request, answer)
    return answer


def _order(caller: Caller, wanted: CheckoutIn, rows: Sequence[Any]) -> OrderIn:
    return OrderIn(
        store_id=wanted.store_id,
        channel=Channel.WEB,
        currency=rows[0]["currency"],
        subject=caller.subject,
        session_id=wanted.session_id,
        device_id=wanted.device_id,
        ip_country=wanted.ip_country,
        destination=wanted.destination,
        lines=lines_of(rows),
        payment=NOT_PAID_YET,
        delivery=wanted.delivery,
        promotion_codes=wanted.promotion_codes,
    )


async def _take(connection: Connection, checkout: Checkout) -> list[Any]:
    wanted = orders.units(checkout.placed)
    kept = await stock.reserve(connection, checkout.checkout_id, wanted)
    orders.refuse_short(wanted, kept)
    if checkout.discounts:
        await redeem(connection, checkout.subject, checkout.discounts)
    return kept


async def find(services: Services, caller: Caller, checkout_id: UUID) -> Checkout:
    """Return a checkout of the caller's.

    Raises
    ------
    NotFoundError
        If there is none, or it is somebody else's.
    """
    checkout = await repository.find(services.pool, checkout_id, caller.name)
    if checkout is None:
        raise NotFoundError(f"there is no checkout {checkout_id}", field="path.checkout_id")
    return checkout


async def give_up(
    connection: Connection, checkout_id: UUID, state: str, now: datetime, trace_id: str
) -> Checkout | None:
    """Close an open checkout without an order and give back what it kept; None if it is closed."""
    checkout = await repository.close(connection, checkout_id, state, now)
    if checkout is None:
        return None
    freed = await stock.release(connection, checkout_id)
    if checkout.discounts:
        codes = [discount.code for discount in checkout.discounts]
        await promotions.give_back(connection, codes, checkout.subject)
    told = await tendering.let_go(connection, checkout, now, trace_id)
    await enqueue(
        connection,
        [released(checkout, freed, now, trace_id), ended(checkout, now, trace_id), *told],
    )
    return checkout


async def cancel(services: Services, caller: Caller, checkout_id: UUID, trace_id: str) -> Checkout:
    """Cancel a checkout of the caller's; a cancelled one stays so.

    Raises
    ------
    NotFoundError
        If there is none, or it is somebody else's.
    CheckoutClosedError
        If it is an order already, or has expired.
    """
    await find(services, caller, checkout_id)
    async with transaction(services.pool) as connection:
        await give_up(connection, checkout_id, "cancelled", services.clock(), trace_id)
    checkout = await find(services, caller, checkout_id)
    if checkout.state != "cancelled":
        raise CheckoutClosedError(f"it is {checkout.state}", field="path.checkout_id")
    return checkout


async def expire(pool: Any, now: datetime) -> int:
    """End checkouts whose time is over and return how many this call ended."""
    ended_here = 0
    for checkout_id in await repository.overdue(pool, now, EXPIRED_AT_ONCE):
        with apart("expiry", checkout_id=str(checkout_id)):
            async with transaction(pool) as connection:
                closed = await give_up(connection, checkout_id, "expired", now, "")
            ended_here += closed is not None
    return ended_here
