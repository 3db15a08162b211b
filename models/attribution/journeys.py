"""Journeys: by which channels people came, and how often that led to an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd


class JourneyError(ValueError):
    """A journey is impossible."""


@dataclass(frozen=True)
class Journey:
    """Everybody who came by the same channels.

    Parameters
    ----------
    path
        Channels, the earliest first.
    orders
        Orders that it led to.
    total_minor
        Paid for them, minor units.
    without_order
        How often it led to none.
    """

    path: tuple[str, ...]
    orders: int
    total_minor: int
    without_order: int

    def __post_init__(self) -> None:
        """Refuse what nobody can have done.

        Raises
        ------
        JourneyError
            If the path is empty, or a count is negative.
        """
        if not self.path:
            raise JourneyError("path: at least one channel")
        for name in ("orders", "total_minor", "without_order"):
            if getattr(self, name) < 0:
                raise JourneyError(f"{name}: at least 0, not {getattr(self, name)}")


def journeys_of(frame: pd.DataFrame) -> list[Journey]:
    """Return the journeys of a frame.

    Parameters
    ----------
    frame
        Columns ``path`` (sequences of channels), ``orders``, ``total_minor``, ``without_order``; a
        row per path.

    Raises
    ------
    JourneyError
        If one is impossible.
    """
    return [
        Journey(
            tuple(str(channel) for channel in row["path"]),
            int(row["orders"]),
            int(row["total_minor"]),
            int(row["without_order"]),
        )
        for row in frame.to_dict("records")
    ]


def channels_of(journeys: Sequence[Journey]) -> list[str]:
    """Return the channels of all journeys, sorted."""
    return sorted({channel for journey in journeys for channel in journey.path})
