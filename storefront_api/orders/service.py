"""Placing an order: everything that can be asked is asked first, then one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from storefront_api.events import Event, Topic
from storefront_api.events.orders import OrderCompletedV3, OrderV3
from storefront_api.events.parts import Channel
from storefront_api.inventory import repository as stock
from storefront_api.inventory.service import changed
from storefront_api.ledger import service as ledger
from storefront_api.ledger.postings import Paid, sale
from storefront_api.ledger.tenders import Tender
from storefront_api.loyalty.service import Earning, earned_event
from storefront_api.marketplace.commission.service import charge
from storefront_api.orders import changes, repository
from storefront_api.orders.priced import Priced, price_goods
from storefront_api.orders.schemas import DiscountOut, LineDiscount, OrderIn, OrderOut
from storefront_api.orders.status import OrderStatus
from storefront_api.platform import idempotency, metrics
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import (
    ConflictError,
    NotFoundError,
    OutOfStockError,
)
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.pricing import repository as prices
from storefront_api.pricing.explanation import explain
from storefront_api.promotions import repository as promotions
from storefront_api.promotions.discounts import Discount
from storefront_api.promotions.service import coupons_applied, redeem
from storefront_api.services import Services


@dataclass(frozen=True)
class Placing:
    """A request to place an order, as far as HTTP is concerned with it."""

    request: Request
    caller: Caller
    stated_at: datetime | None
    trace_id: str


async def place(services: Services, placing: Placing, wanted: OrderIn) -> Answer:
    """Place an order, or answer what was answered under the same idempotency key.

    Raises
    ------
    InvalidError
        If the order breaks a rule.
    OutOfStockError, UsedUpError
        If there is not enough of something, or a code has no use left; nothing has changed then.
    """
    given = await idempotency.find(services.pool, placing.request)
    if given is not None:
        return given
    now = services.clock()
    at = placing.stated_at or now
    unscored, priced = await price(services.pool, wanted, at, services.settings.home_country)
    risk = await services.models.score(unscored, wanted.subject, at)
    order = unscored.model_copy(update={"risk": risk.action, "risk_decision_id": risk.decision_id})
    event = OrderCompletedV3(
        id=new_id(),
        occurred_at=at,
        received_at=now,
        subject=wanted.subject,
        trace_id=placing.trace_id,
        data=order,
    )
    return await _commit(services, placing, event, priced)


async def price(
    connection: Connection, wanted: OrderIn, at: datetime, home: str
) -> tuple[OrderV3, Priced]:
    """Return a wanted order with its money, not yet scored, and how that came to be.

    Parameters
    ----------
    home
        Country that goods go to unless the order names another.

    Raises
    ------
    InvalidError
        If a line or a code breaks a rule, or no rates of tax are known for the country.
    NotForSaleError
        If a vendor may not sell.
    """
    codes = wanted.promotion_codes
    lines, currency = wanted.lines, wanted.currency
    goes_to, subject = wanted.destination or home, wanted.subject
    priced = await price_goods(connection, lines, currency, codes, at, subject, goes_to)
    return _order(wanted, priced, goes_to), priced


def _order(wanted: OrderIn, priced: Priced, destination: str) -> OrderV3:
    return OrderV3(
        order_id=new_id(),
        store_id=wanted.store_id,
        channel=wanted.channel,
        source_ref=wanted.source_ref,
        session_id=wanted.session_id,
        device_id=wanted.device_id,
        ip_country=wanted.ip_country,
        destination=destination,
        currency=wanted.currency,
        lines=priced.lines,
        total_minor=priced.total_minor,
        tax_minor=priced.tax_minor,
        payment=wanted.payment,
        delivery=wanted.delivery,
        risk="unscored",
        risk_decision_id="",
    )


async def _commit(
    services: Services, placing: Placing, event: OrderCompletedV3, priced: Priced
) -> Answer:
    try:
        async with transaction(services.pool) as connection:
            given = await idempotency.claim(connection, placing.request)
            if given is not None:
                return given
            answer = await _write(connection, placing, event, priced)
            await idempotency.keep(connection, placing.request, answer)
    except asyncpg.UniqueViolationError:
        raise ConflictError(
            "an order with this reference exists", field="body.source_ref"
        ) from None
    metrics.ORDERS.labels(event.data.channel.value, event.data.risk).inc()
    return answer


async def _write(
    connection: Connection, placing: Placing, event: OrderCompletedV3, priced: Priced
) -> Answer:
    moved: list[Any] = []
    wanted = units(event.data)
    if wanted:
        reference, at = str(event.data.order_id), event.occurred_at
        deltas = {sku: -quantity for sku, quantity in wanted.items()}
        moved = await stock.move(connection, deltas, "order", reference, at)
        refuse_short(wanted, moved)
    if priced.discounts:
        await redeem(connection, event.subject, priced.discounts)
    placed = await record(connection, placing.caller.name, event, priced, moved)
    return Answer(201, placed.model_dump_json())


def units(order: OrderV3) -> dict[str, int]:
    """Return how much of each sku an order takes out of stock."""
    wanted: Counter[str] = Counter()
    for line in order.lines:
        wanted[line.sku] += line.quantity
    return {sku: quantity for sku, quantity in wanted.items() if quantity}


def refuse_short(wanted: Mapping[str, int], taken: list[Any]) -> None:
    """Refuse an order that did not get all that it wanted.

    Raises
    ------
    OutOfStockError
        With what was short.
    """
    short = sorted(set(wanted) - {row["sku"] for row in taken})
    if short:
        details = [{"sku": sku, "wanted": wanted[sku]} for sku in short]
        raise OutOfStockError(
            f"there is not enough of {', '.join(short)}", field="body.lines", details=details
        )


async def record(
    connection: Connection,
    placed_by: str,
    event: OrderCompletedV3,
    priced: Priced,
    moved: list[Any],
    tenders: Sequence[Tender] = (),
    earned: Earning | None = None,
) -> OrderOut:
    """Insert an order whose stock was moved and whose codes were redeemed, with its events.

    This is the only way in which an order comes to be. Its money is posted to the ledger by one
    statement, whatever has paid for it and whatever points it brings.

    Parameters
    ----------
    tenders
        What its checkout has kept of gift cards and points; they pay a part of it now.
    earned
        Points that it brings, if any.
    """
    order = event.data
    events: list[tuple[Topic, str, Event]] = [(Topic.ORDERS, str(order.order_id), event)]
    if moved:
        reference, at = str(order.order_id), event.occurred_at
        events.append(changed(moved, "order", reference, at, event.received_at, event.trace_id))
    events += coupons_applied(event, priced.discounts)
    await repository.insert(connection, _columns(placed_by, event), order.lines)
    paid = Paid(order.payment.method, tenders)
    points = earned.moves if earned else []
    brought = sale(order.order_id, order.currency, order.total_minor, paid, points)
    await ledger.post(connection, brought, event.occurred_at)
    if tenders:
        await repository.insert_tenders(connection, order.order_id, tenders)
    if earned:
        at, now = event.occurred_at, event.received_at
        events.append(earned_event(earned, event.subject, at, now, event.trace_id))
    if priced.rules:
        await prices.record(connection, order.order_id, priced.rules)
    if priced.discounts:
        await promotions.record(connection, order.order_id, priced.discounts)
    events += await charge(connection, event)
    await enqueue(connection, events)
    return _answer(event, priced, tenders)


def _columns(placed_by: str, event: OrderCompletedV3) -> tuple[object, ...]:
    order = event.data
    return (
        order.order_id,
        placed_by,
        event.subject,
        order.store_id,
        order.channel.value,
        order.source_ref,
        order.currency,
        order.total_minor,
        event.occurred_at,
        event.received_at,
        order.risk,
        order.risk_decision_id,
        order.payment.model_dump(mode="json"),
        order.delivery.model_dump(mode="json"),
        order.destination,
        order.tax_minor,
    )


def explained(discounts: list[Discount]) -> list[DiscountOut]:
    """Return what each code took off, as it is answered."""
    return [
        DiscountOut(
            code=discount.code,
            amount_minor=discount.amount_minor,
            lines=[
                LineDiscount(line_number=line, amount_minor=minor)
                for line, minor in discount.by_line.items()
            ],
        )
        for discount in discounts
    ]


def _answer(event: OrderCompletedV3, priced: Priced, tenders: Sequence[Tender]) -> OrderOut:
    order = event.data
    return OrderOut(
        order_id=order.order_id,
        subject=event.subject,
        store_id=order.store_id,
        channel=order.channel.value,
        source_ref=order.source_ref,
        currency=order.currency,
        ordered_at=event.occurred_at,
        destination=order.destination,
        lines=order.lines,
        discounts=explained(priced.discounts),
        explanation=explain(order.lines, priced.rules, priced.discounts, tenders),
        total_minor=order.total_minor,
        tax_minor=order.tax_minor,
        fees_minor=0,
        refunded_minor=0,
        tax_refunded_minor=None if order.tax_minor is None else 0,
        fees_refunded_minor=0,
        status=_status_at_first(order),
        risk=order.risk,
    )


def _status_at_first(order: OrderV3) -> OrderStatus:
    return OrderStatus.DELIVERED if order.channel is Channel.TILL else OrderStatus.PLACED


async def read(services: Services, caller: Caller, order_id: UUID) -> OrderOut:
    """Return an order that the caller placed, or that was placed for the caller.

    Raises
    ------
    NotFoundError
        If there is none, or it is somebody else's.
    """
    order, lines = await repository.find(services.pool, order_id, caller.name)
    if order is None:
        raise NotFoundError(f"there is no order {order_id}", field="path.order_id")
    discounts = await promotions.of_order(services.pool, order_id)
    rules = await prices.of_order(services.pool, order_id)
    tenders = await repository.tenders(services.pool, order_id)
    own = {"lines", "discounts", "explanation", "status", "tax_refunded_minor"}
    told = OrderOut.model_fields.keys() - own
    shown = repository.shown(lines)
    back = sum(line["tax_refunded_minor"] for line in lines)
    return OrderOut(
        **{name: order[name] for name in told},
        tax_refunded_minor=None if order["tax_minor"] is None else back,
        status=(await changes.facts(services.pool, order_id)).status,
        lines=shown,
        discounts=explained(discounts),
        explanation=explain(shown, rules, discounts, tenders),
    )
