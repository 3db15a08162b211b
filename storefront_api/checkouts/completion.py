"""The one way in which a paid checkout becomes an order, whoever says that it is paid."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from storefront_api.carts import repository as carts
from storefront_api.checkouts import repository, tendering
from storefront_api.checkouts.repository import Checkout
from storefront_api.checkouts.service import CheckoutClosedError
from storefront_api.events.orders import OrderCompletedV3, PaymentV2
from storefront_api.fulfilment import packaging
from storefront_api.inventory import repository as stock
from storefront_api.loyalty.service import earning
from storefront_api.orders import service as orders
from storefront_api.orders.priced import Priced
from storefront_api.platform import metrics
from storefront_api.platform.database import transaction
from storefront_api.platform.errors import AwayError, ConflictError
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.platform.payment_provider import (
    Card,
    Intent,
    ProviderAwayError,
    ProviderRefusedError,
)
from storefront_api.services import Services

_Answer = TypeVar("_Answer")
PAID_BY_TENDERS = PaymentV2(method="gift_card", fingerprint="", country="")


class PaymentRefusedError(ConflictError):
    """There is nothing to pay, or the provider will not have it."""

    code = "payment_refused"


class NotPaidError(ConflictError):
    """The provider has no authorised payment for the checkout yet."""

    code = "not_paid"


async def pay(services: Services, checkout: Checkout) -> Intent:
    """Begin the payment of an open checkout, or return the one that was begun.

    Raises
    ------
    CheckoutClosedError
        If the checkout is not open any more.
    PaymentRefusedError, AwayError
        If nothing is due, or the provider refuses or does not answer.
    """
    closed = CheckoutClosedError(f"it is {checkout.state}", field="path.checkout_id")
    if checkout.state != "open":
        raise closed
    if checkout.due_minor == 0:
        raise PaymentRefusedError("nothing is due", field="path.checkout_id")
    if checkout.intent_id:
        return await _asked(services.provider.retrieve(checkout.intent_id))
    reference = str(checkout.checkout_id)
    currency = checkout.placed.currency
    begun = services.provider.authorize(checkout.due_minor, currency, reference, reference)
    intent = await _asked(begun)
    # Only now may the shopper pay: a payment that the store does not know is never asked for.
    if not await repository.pay_by(services.pool, checkout.checkout_id, intent.intent_id):
        raise closed
    return intent


async def complete(services: Services, checkout: Checkout, trace_id: str) -> bool:
    """Make an order of an open checkout, once: of several callers one does it.

    Returns
    -------
    Whether this call made the order; False if it is there already.

    Raises
    ------
    NotPaidError
        If the payment is not authorised, or not over what is due.
    CheckoutClosedError
        If the checkout has given up what it kept.
    AwayError
        If the provider does not answer.
    """
    if checkout.state == "completed":
        return False
    order = checkout.placed
    if checkout.due_minor:
        card = await _authorised_card(services, checkout)
        payment = PaymentV2(method="card", fingerprint=card.fingerprint, country=card.country)
        order = order.model_copy(update={"payment": payment})
    elif checkout.tenders:
        order = order.model_copy(update={"payment": PAID_BY_TENDERS})
    now = services.clock()
    risk = await services.models.score(order, checkout.subject, now)
    order = order.model_copy(update={"risk": risk.action, "risk_decision_id": risk.decision_id})
    event = OrderCompletedV3(
        id=new_id(),
        occurred_at=now,
        received_at=now,
        subject=checkout.subject,
        trace_id=trace_id,
        data=order,
    )
    async with transaction(services.pool) as connection:
        if await repository.close(connection, checkout.checkout_id, "completed", now) is None:
            latest = await repository.find(connection, checkout.checkout_id, checkout.owner)
            if latest is None or latest.state != "completed":
                raise CheckoutClosedError(
                    "nothing is kept for it any more", field="path.checkout_id"
                )
            return False
        reference = str(checkout.checkout_id)
        moved = await stock.take_reserved(connection, checkout.checkout_id, "order", reference, now)
        tenders = checkout.tenders
        brings = None
        if checkout.collects_points:
            brings = await earning(
                connection,
                event.subject,
                order.order_id,
                order.currency,
                order.total_minor,
                tenders,
                now,
            )
        priced = Priced(order.lines, checkout.rules, checkout.discounts)
        await orders.record(connection, checkout.owner, event, priced, moved, tenders, brings)
        await packaging.keep(connection, event, checkout.packaging, checkout.contact_email)
        if tenders:
            await enqueue(connection, tendering.spent(checkout, event))
        bought = [line.sku for line in order.lines]
        await carts.bought(connection, checkout.owner, bought)
    metrics.ORDERS.labels(order.channel.value, order.risk).inc()
    return True


async def _authorised_card(services: Services, checkout: Checkout) -> Card:
    if not checkout.intent_id:
        raise NotPaidError("no payment was begun", field="path.checkout_id")
    paid = await _asked(services.provider.retrieve(checkout.intent_id))
    wanted = (checkout.due_minor, checkout.placed.currency)
    authorised = paid.status in ("requires_capture", "succeeded")
    if paid.card is None or not authorised or (paid.amount_minor, paid.currency) != wanted:
        raise NotPaidError(f"the payment is {paid.status}", field="path.checkout_id")
    return paid.card


async def _asked(call: Awaitable[_Answer]) -> _Answer:
    try:
        return await call
    except ProviderAwayError as error:
        raise AwayError(f"the payment provider does not answer: {error}") from error
    except ProviderRefusedError as error:
        raise PaymentRefusedError(str(error), field="path.checkout_id") from error
