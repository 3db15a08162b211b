"""The price before a reduction, as Article 6a of Directive 98/6/EC has it told.

The article was brought in by Directive (EU) 2019/2161: who announces a reduction tells the lowest
price that was asked in the 30 days before the reduction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

BEFORE = timedelta(days=30)
"""How long before a reduction prices count; the article's least."""
ANNOUNCED = timedelta(days=30)
"""How long a lower price is told as a reduction; later it is simply the price."""
LOOK_BACK = BEFORE + ANNOUNCED
"""Older prices than this, but for the one that held then, make no difference."""


@dataclass(frozen=True)
class Asked:
    """A price that was asked from an instant on, until the next one."""

    currency: str
    price_minor: int
    since: datetime


@dataclass(frozen=True)
class Reduction:
    """A price that is lower than all of the 30 days before it.

    Parameters
    ----------
    since
        When the lower price was first asked.
    lowest_before_minor
        The lowest price of the 30 days before, in minor units.
    """

    since: datetime
    lowest_before_minor: int


def reduction(history: Sequence[Asked], now: datetime) -> Reduction | None:
    """Return the reduction that the present price is, if it is one.

    The window is ``[since - 30 days, since)``: a price counts that was asked at any instant of
    it, also one that began earlier; the price that ended at the window's first instant does not.
    Prices in another currency do not count, since nothing can be lower than they are.

    Parameters
    ----------
    history
        Prices from the oldest to the present one.
    now
        The instant of asking.
    """
    if not history:
        return None
    present = history[-1]
    if not present.since <= now < present.since + ANNOUNCED:
        return None
    opens = present.since - BEFORE
    lowest: int | None = None
    ended = present.since
    for asked in reversed(history[:-1]):
        if asked.currency != present.currency or ended <= opens:
            break
        if asked.since < ended and (lowest is None or asked.price_minor < lowest):
            lowest = asked.price_minor
        ended = asked.since
    if lowest is None or present.price_minor >= lowest:
        return None
    return Reduction(present.since, lowest)
