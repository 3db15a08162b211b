"""Where a refund's money goes: to the card, then to what else has paid, the last of it first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.events import Event, Topic
from storefront_api.events.ledger import (
    GiftcardBackV1,
    GiftcardRefundedV1,
    LoyaltyReversedV1,
    ReversedV1,
)
from storefront_api.giftcards import service as giftcards
from storefront_api.ledger import accounts
from storefront_api.ledger import service as ledger
from storefront_api.ledger.accounts import Account, Kind
from storefront_api.ledger.postings import refund
from storefront_api.ledger.repository import lock
from storefront_api.ledger.tenders import give_back
from storefront_api.ledger.transfers import move
from storefront_api.loyalty import service as loyalty
from storefront_api.loyalty.points import taken_back
from storefront_api.payments import repository
from storefront_api.platform.database import Connection

Message = tuple[Topic, str, Event]
Moves = list[tuple[Account, int]]


@dataclass(frozen=True)
class Refunded:
    """A refund that was counted.

    Parameters
    ----------
    amount_minor, fees_minor
        Of the goods' price, and of what was paid beside it, which always goes back to the card.
    order
        The order's subject, currency, method of payment, total_minor and refunded_minor, this
        refund included.
    """

    refund_id: UUID
    order_id: UUID
    amount_minor: int
    fees_minor: int
    order: Any
    at: datetime
    now: datetime
    trace_id: str


async def post(connection: Connection, refunded: Refunded) -> list[Message]:
    """Bring a refund's money to where it came from, and return what to tell.

    The order's row is locked since the refund was counted, so refunds of one order follow each
    other. Stock was locked before, and the ledger's accounts are locked here.
    """
    order, amount = refunded.order, refunded.amount_minor
    currency, subject = order["currency"], order["subject"]
    tenders = await repository.tenders(connection, refunded.order_id)
    before = order["refunded_minor"] - amount
    paid_by_card = order["total_minor"] - sum(row["amount_minor"] for row in tenders)
    back_to_card = before - sum(row["back_minor"] for row in tenders)
    left = [row["amount_minor"] - row["back_minor"] for row in tenders]
    to_card, shares = give_back(amount, paid_by_card - back_to_card, left)
    moves: Moves = []
    told: list[Message] = []
    restored = 0
    rows = []
    for row, share in zip(tenders, shares, strict=True):
        if not share:
            continue
        points = 0
        if row["kind"] == "gift_card":
            moves.append((accounts.gift_card(row["tender_id"], currency), share))
            told.append(_card_event(refunded, UUID(row["tender_id"]), share))
        else:
            was = row["back_minor"]
            points = taken_back(row["points"], row["amount_minor"], was, was + share)
            moves.append((accounts.points_redeemed(currency), share))
            moves += _restore(refunded, points, row["expires_at"])
            restored += points
        rows.append((row["position"], share, points))
    # Gift cards before points, as checkouts lock them.
    cards = [account.account_id for account, _ in moves if account.kind is Kind.GIFT_CARD]
    if cards:
        await lock(connection, cards)
    taken, missing, reversal = await loyalty.take_back(
        connection,
        subject,
        refunded.order_id,
        order["total_minor"],
        before,
        order["refunded_minor"],
    )
    given = [*moves, *reversal]
    posting = refund(
        refunded.refund_id, currency, amount, refunded.fees_minor, order["method"], given, to_card
    )
    await ledger.post(connection, posting, refunded.at)
    if rows:
        await repository.add_tenders(connection, refunded.refund_id, refunded.order_id, rows)
    if taken or missing or restored:
        told.append(_points_event(refunded, taken, missing, restored))
    return told


def _restore(refunded: Refunded, points: int, expires_at: datetime) -> Moves:
    lot = f"refund-{refunded.refund_id}"
    account = accounts.points_lot(refunded.order["subject"], lot, expires_at)
    return move(accounts.points(Kind.POINTS_SPENT), account, points)


def _card_event(refunded: Refunded, giftcard_id: UUID, minor: int) -> Message:
    data = GiftcardBackV1(
        giftcard_id=giftcard_id,
        refund_id=refunded.refund_id,
        order_id=refunded.order_id,
        currency=refunded.order["currency"],
        amount_minor=minor,
    )
    subject, now = refunded.order["subject"], refunded.now
    return giftcards.message(GiftcardRefundedV1, data, giftcard_id, subject, now, refunded.trace_id)


def _points_event(refunded: Refunded, taken: int, missing: int, restored: int) -> Message:
    data = ReversedV1(
        refund_id=refunded.refund_id,
        order_id=refunded.order_id,
        taken_points=taken,
        missing_points=missing,
        restored_points=restored,
    )
    subject, trace_id = refunded.order["subject"], refunded.trace_id
    return loyalty.message(LoyaltyReversedV1, data, subject, refunded.at, refunded.now, trace_id)
