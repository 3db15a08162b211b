"""What pays an order besides a card, and how a refund finds its way back: arithmetic alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

TenderKind = Literal["gift_card", "points"]


@dataclass(frozen=True)
class Tender:
    """A part of an order's price that a gift card or points pay.

    Parameters
    ----------
    kind
        Which of them.
    tender_id
        The gift card's id, or the loyalty rule and its version that gave the points their worth.
    amount_minor
        What it pays, in minor units of the order's currency; at least 1.
    points
        How many points that took; 0 for a gift card.
    expires_at
        When the points would have expired; points that a refund brings back expire then.
    """

    kind: TenderKind
    tender_id: str
    amount_minor: int
    points: int = 0
    expires_at: datetime | None = None


def due(total_minor: int, tenders: Sequence[Tender]) -> int:
    """Return what is left to be paid by card."""
    return total_minor - sum(tender.amount_minor for tender in tenders)


def allocate(wanted: int, available: Sequence[int]) -> list[int]:
    """Return how much each source gives, one after another, until it is enough.

    Parameters
    ----------
    wanted
        At least 0; where the sources have less, all of them give everything.
    available
        What each source has; none negative.
    """
    given = []
    for amount in available:
        share = min(wanted, amount)
        given.append(share)
        wanted -= share
    return given


def give_back(amount: int, card_left: int, tenders_left: Sequence[int]) -> tuple[int, list[int]]:
    """Return what a refund brings back to the card, and to each tender in the order of paying.

    The card comes first, then the tenders from the last that paid to the first: what was money
    becomes money again before anything else does, and nothing gets more than it paid.

    Parameters
    ----------
    amount
        At most what is left in all of them together.
    card_left, tenders_left
        What each has paid and has not got back yet.
    """
    card, *backwards = allocate(amount, [card_left, *reversed(tenders_left)])
    return card, backwards[::-1]
