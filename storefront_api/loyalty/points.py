"""How many points, and what they are worth: arithmetic alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storefront_api.promotions.discounts import split

BASIS = 10_000


@dataclass(frozen=True)
class Lot:
    """Points that came together and expire together.

    Parameters
    ----------
    account_id
        Their account in the ledger.
    points
        How many are left.
    """

    account_id: str
    points: int
    expires_at: datetime


def earned(minor: int, earn_basis_points: int) -> int:
    """Return how many points an amount brings; a fraction of a point is none."""
    return minor * earn_basis_points // BASIS


def worth(points: int, spend_basis_points: int) -> int:
    """Return how many minor units points pay; a fraction of a unit is none."""
    return points * spend_basis_points // BASIS


def needed(minor: int, spend_basis_points: int) -> int:
    """Return the fewest points that pay an amount."""
    return -(-minor * BASIS // spend_basis_points)


def spend(wanted: int, minor: int, spend_basis_points: int) -> tuple[int, int]:
    """Return how many points are taken for a price, and what they pay.

    No more are taken than the price needs, nor any that pay nothing.

    Parameters
    ----------
    wanted
        As many points as the customer would give.
    minor
        The price in minor units.
    """
    paid = min(minor, worth(wanted, spend_basis_points))
    return needed(paid, spend_basis_points), paid


def usable(lots: Sequence[Lot], at: datetime) -> list[Lot]:
    """Return the lots that hold at a time, those that expire first before the others."""
    return sorted(
        (lot for lot in lots if lot.expires_at > at),
        key=lambda lot: (lot.expires_at, lot.account_id),
    )


def taken_back(earned_points: int, total: int, before: int, after: int) -> int:
    """Return how many of an order's points go when its refunds grow.

    The points are split between what is refunded and what is not, by the largest remainder, so
    that all of them are gone when everything is refunded, in however many steps.

    Parameters
    ----------
    total
        What the order cost.
    before, after
        What was refunded of it without and with the refund, in minor units.
    """
    shares = [split(earned_points, [part, total - part])[0] for part in (before, after)]
    return shares[1] - shares[0]
