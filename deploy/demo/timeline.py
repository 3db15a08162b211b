"""The live days as a sequence of things that happen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge

import pandas as pd

from deploy.demo.baskets import Basket
from deploy.demo.fraud import Fraud, frauds
from deploy.demo.source import LIVE_FROM, LIVE_UNTIL, SECOND_PHASE_FROM
from deploy.demo.world import World


@dataclass(frozen=True)
class Placed:
    """A basket is ordered."""

    at_ms: int
    basket: Basket
    key: str


@dataclass(frozen=True)
class Refunded:
    """An order's money is given back."""

    at_ms: int
    source_ref: str
    reason: str
    key: str


@dataclass(frozen=True)
class Disputed:
    """An order is charged back."""

    at_ms: int
    source_ref: str
    reason: str
    key: str


Happening = Placed | Refunded | Disputed


@dataclass(frozen=True)
class Phase:
    """A part of the live days.

    Parameters
    ----------
    name
        Its name.
    begins, ends
        Bounds of what happens in it; the end is exclusive.
    """

    name: str
    begins: pd.Timestamp
    ends: pd.Timestamp

    def holds(self, at_ms: int) -> bool:
        """Return whether an instant lies in it."""
        at = pd.Timestamp(at_ms, unit="ms")
        return self.begins <= at < self.ends


BEFORE_MODELS = Phase("live-before-models", LIVE_FROM, SECOND_PHASE_FROM)
WITH_MODELS = Phase("live-with-models", SECOND_PHASE_FROM, LIVE_UNTIL)


def _consequences(found: list[Fraud]) -> list[Happening]:
    after: list[Happening] = []
    for fraud in found:
        ref, at = fraud.basket.source_ref, fraud.basket.at_ms
        if fraud.refund_after_ms is not None:
            refunded_at = at + fraud.refund_after_ms
            after.append(Refunded(refunded_at, ref, "not_received", f"refund/{ref}"))
        disputed_at = at + fraud.dispute_after_ms
        after.append(Disputed(disputed_at, ref, fraud.reason, f"dispute/{ref}"))
    return sorted(after, key=lambda event: event.at_ms)


def happenings(world: World, phase: Phase) -> Iterator[Happening]:
    """Yield what happens in a phase, in order of time."""
    found = frauds(world)
    honest = (Placed(b.at_ms, b, b.source_ref) for b in world.live())
    cheating = (Placed(f.basket.at_ms, f.basket, f.basket.source_ref) for f in found)
    everything = merge(honest, cheating, _consequences(found), key=lambda event: event.at_ms)
    return (event for event in everything if phase.holds(event.at_ms))
