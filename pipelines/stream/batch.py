"""Reduce a batch of events, in memory, to the few writes that it comes to.

Every reduction is a maximum, a minimum or a union, so events may come in any order and any number
of times: history of a million clicks costs a write per shopper and batch, and a replay changes
nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from models.features.online import (
    VELOCITY_RETENTION_MS,
    known_key,
    known_member,
    latest,
    recent_key,
    velocity_key,
    velocity_member,
)
from pipelines.stream.decode import OrderSeen, ProductSeen

Scores = dict[str, int]


class Batch:
    """What a batch of events adds to the online store."""

    def __init__(self) -> None:
        self._velocity: dict[str, Scores] = defaultdict(dict)
        self._known: dict[str, Scores] = defaultdict(dict)
        self._recent: dict[str, Scores] = defaultdict(dict)

    def add(self, seen: OrderSeen | ProductSeen) -> None:
        """Take one event in."""
        if isinstance(seen, ProductSeen):
            _raise(self._recent[seen.subject], seen.sku, seen.at_ms)
        else:
            self._add_order(seen)

    def _add_order(self, order: OrderSeen) -> None:
        member = velocity_member(order.order_id, order.amount_minor)
        if order.card:
            self._velocity[velocity_key("card", order.card)][member] = order.at_ms
        if order.device_id:
            self._velocity[velocity_key("device", order.device_id)][member] = order.at_ms
        if not order.subject:
            return
        self._velocity[velocity_key("shopper", order.subject)][member] = order.at_ms
        known = self._known[order.subject]
        if order.card:
            _lower(known, known_member("card", order.card), order.at_ms)
        if order.device_id:
            _lower(known, known_member("device", order.device_id), order.at_ms)
        for sku in order.skus:
            _raise(self._recent[order.subject], sku, order.at_ms)

    def velocity(self) -> Iterator[tuple[str, Scores]]:
        """Yield key, and orders within the retention of the batch's newest."""
        for key, orders in self._velocity.items():
            floor = max(orders.values()) - VELOCITY_RETENTION_MS
            yield key, {member: at for member, at in orders.items() if at >= floor}

    def known(self) -> Iterator[tuple[str, Scores]]:
        """Yield key, and cards and devices with their first order."""
        for subject, members in self._known.items():
            if members:
                yield known_key(subject), members

    def recent(self) -> Iterator[tuple[str, Scores]]:
        """Yield key, and at most as many of the latest products as the store keeps."""
        for subject, times in self._recent.items():
            yield recent_key(subject), dict(latest(times))


def _raise(scores: Scores, member: str, at_ms: int) -> None:
    if scores.get(member, at_ms) <= at_ms:
        scores[member] = at_ms


def _lower(scores: Scores, member: str, at_ms: int) -> None:
    if scores.get(member, at_ms) >= at_ms:
        scores[member] = at_ms
