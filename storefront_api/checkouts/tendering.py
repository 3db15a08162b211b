"""What a checkout keeps of gift cards and points: held, and then spent or let go."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from storefront_api.checkouts.repository import Checkout
from storefront_api.checkouts.schemas import CheckoutIn, QuoteIn
from storefront_api.events import Event, Topic
from storefront_api.events.ledger import (
    GiftcardRedeemedV1,
    GiftcardReleasedV1,
    GiftcardUseV1,
    LoyaltySpentV1,
    SpentV1,
)
from storefront_api.events.orders import OrderCompletedV3
from storefront_api.giftcards import service as giftcards
from storefront_api.ledger import accounts
from storefront_api.ledger import service as ledger
from storefront_api.ledger.accounts import Account
from storefront_api.ledger.tenders import Tender, due
from storefront_api.ledger.transfers import move, transfer
from storefront_api.loyalty import service as loyalty
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection
from storefront_api.platform.errors import ForbiddenError
from storefront_api.platform.policy import Permission
from storefront_api.services import Services

Message = tuple[Topic, str, Event]


def refuse_points(caller: Caller, points: int) -> None:
    """Refuse points of somebody who has none.

    Raises
    ------
    ForbiddenError
        If somebody without an account would spend points.
    """
    if points and not caller.may(Permission.COLLECT_POINTS):
        raise ForbiddenError("only a customer has points", field="body.points")


async def pay(
    services: Services,
    connection: Connection,
    subject: str,
    currency: str,
    total: int,
    wanted: CheckoutIn | QuoteIn,
    now: datetime,
) -> tuple[list[Tender], list[tuple[Account, int]]]:
    """Lock gift cards and points, and return what they pay of a total and the moves that keep it.

    Gift cards pay first, and are locked before points, in order of their accounts, so that no two
    checkouts wait for each other.

    Raises
    ------
    InvalidError
        If a gift card does not exist, has expired or is in another currency.
    GiftcardSpentError, TooFewPointsError
        If nothing is left on a gift card, or there are fewer points.
    """
    tenders: list[Tender] = []
    if wanted.gift_cards:
        codes = wanted.gift_cards
        tenders = await giftcards.take(services, connection, codes, currency, total, now)
    held = accounts.held("gift_card", currency)
    moves: list[tuple[Account, int]] = []
    for tender in tenders:
        card = accounts.gift_card(tender.tender_id, currency)
        moves += move(card, held, tender.amount_minor)
    if wanted.points:
        rest = due(total, tenders)
        points, kept = await loyalty.take(connection, subject, wanted.points, currency, rest, now)
        tenders += [points] if points else []
        moves += kept
    return tenders, moves


async def keep(
    services: Services,
    connection: Connection,
    checkout: Checkout,
    wanted: CheckoutIn,
    now: datetime,
) -> list[Tender]:
    """Keep what gift cards and points pay of a checkout, and return it.

    Raises
    ------
    InvalidError, GiftcardSpentError, TooFewPointsError
        As `pay` does.
    """
    currency, total = checkout.placed.currency, checkout.placed.total_minor
    tenders, moves = await pay(services, connection, checkout.subject, currency, total, wanted, now)
    await ledger.post(connection, transfer(f"hold/{checkout.checkout_id}", moves), now)
    return tenders


def _card_event(
    kind: type[Event], checkout: Checkout, tender: Tender, now: datetime, trace_id: str
) -> Message:
    card = UUID(tender.tender_id)
    data = GiftcardUseV1(
        giftcard_id=card,
        checkout_id=checkout.checkout_id,
        currency=checkout.placed.currency,
        amount_minor=tender.amount_minor,
    )
    return giftcards.message(kind, data, card, checkout.subject, now, trace_id)


async def let_go(
    connection: Connection, checkout: Checkout, now: datetime, trace_id: str
) -> list[Message]:
    """Give back what a checkout that ended without an order has kept, and return what to tell."""
    if checkout.tenders:
        reference = f"hold/{checkout.checkout_id}"
        await ledger.reverse(connection, reference, f"release/{checkout.checkout_id}", now)
    return [
        _card_event(GiftcardReleasedV1, checkout, tender, now, trace_id)
        for tender in checkout.tenders
        if tender.kind == "gift_card"
    ]


def spent(checkout: Checkout, order: OrderCompletedV3) -> list[Message]:
    """Return what to tell of the gift cards and points that have paid for an order."""
    at, now, trace_id = order.occurred_at, order.received_at, order.trace_id
    told = []
    for tender in checkout.tenders:
        if tender.kind == "gift_card":
            told.append(_card_event(GiftcardRedeemedV1, checkout, tender, now, trace_id))
        else:
            data = SpentV1(
                order_id=checkout.checkout_id,
                points=tender.points,
                currency=checkout.placed.currency,
                amount_minor=tender.amount_minor,
            )
            subject = checkout.subject
            told.append(loyalty.message(LoyaltySpentV1, data, subject, at, now, trace_id))
    return told
