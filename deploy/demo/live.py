"""The live days through the HTTP API, in order of time and faster than they were.

Orders of one shopper, card or device follow each other; others run beside them. What was answered
is written down, one line per order, so that a run that was cut off goes on after it; the
idempotency keys make a repeat of an order harmless, and clicks that arrived are not sent again.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from deploy.demo.baskets import Basket
from deploy.demo.client import Storefront
from deploy.demo.timeline import Disputed, Happening, Placed, Refunded

TOGETHER = 12
"""Requests under way at a time."""
CLICK_BATCH = 40
"""Baskets whose clicks are sent ahead of their orders, in one go."""
ASKED_EVERY = 5
"""One basket in so many is preceded by a look at recommendations, once there are models."""
SLATE = 10


@dataclass
class Book:
    """What was answered so far, by key, and the file that it is kept in."""

    path: Path
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    _file: TextIO | None = None

    def open(self) -> None:
        """Read what a run before left, and go on after it.

        A last line that a kill cut off is taken away, since the next answer would be glued to it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            text = self.path.read_bytes()
            whole = text[: text.rfind(b"\n") + 1]
            for line in whole.splitlines():
                entry = json.loads(line)
                self.answers[entry["key"]] = entry
            os.truncate(self.path, len(whole))
        self._file = self.path.open("a", encoding="utf-8", buffering=1)

    def write(self, key: str, **answer: Any) -> None:
        """Add an answer."""
        entry = {"key": key, **answer}
        self.answers[key] = entry
        if self._file is not None:
            self._file.write(json.dumps(entry) + "\n")

    def close(self) -> None:
        """Write everything to disk."""
        if self._file is not None:
            self._file.close()
            self._file = None


@dataclass(frozen=True)
class Pace:
    """How fast the days pass.

    Parameters
    ----------
    gap_s
        Least time between two orders that share a shopper, card or device, so that the counters
        of the stream have seen the first one.
    with_recommendations
        Whether shoppers look at recommendations before some orders.
    """

    gap_s: float
    with_recommendations: bool


class Replay:
    """Replays happenings.

    Parameters
    ----------
    storefront
        Where to.
    book
        What was answered.
    pace
        How fast.
    on_progress
        Called with what is done after each happening.
    arrived
        Ids of clicks that a run before has brought in.
    """

    def __init__(
        self,
        storefront: Storefront,
        book: Book,
        pace: Pace,
        on_progress: Callable[[int], None],
        arrived: frozenset[str] = frozenset(),
    ) -> None:
        self._storefront = storefront
        self._book = book
        self._pace = pace
        self._on_progress = on_progress
        self._arrived = arrived
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._latest: dict[str, float] = {}
        self._placed: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._done = 0

    async def run(self, happenings: Iterable[Happening]) -> None:
        """Replay everything.

        Raises
        ------
        deploy.demo.client.RefusedError
            If the storefront refuses something.
        """
        room = asyncio.Semaphore(TOGETHER)
        waiting: list[Happening] = []
        async with asyncio.TaskGroup() as group:
            for happening in happenings:
                waiting.append(happening)
                if len(waiting) == CLICK_BATCH:
                    await self._start(waiting, room, group)
                    waiting = []
            await self._start(waiting, room, group)

    async def _start(
        self, happenings: list[Happening], room: asyncio.Semaphore, group: asyncio.TaskGroup
    ) -> None:
        new = [h for h in happenings if isinstance(h, Placed) and h.key not in self._book.answers]
        await self._storefront.collect([placed.basket for placed in new], self._arrived)
        for happening in happenings:
            await room.acquire()
            group.create_task(self._one(happening, room))

    async def _one(self, happening: Happening, room: asyncio.Semaphore) -> None:
        try:
            if happening.key not in self._book.answers:
                await self._let_happen(happening)
            if isinstance(happening, Placed):
                self._placed[happening.basket.source_ref].set()
            self._done += 1
            self._on_progress(self._done)
        finally:
            room.release()

    async def _let_happen(self, happening: Happening) -> None:
        if isinstance(happening, Placed):
            await self._place(happening)
        elif isinstance(happening, Refunded):
            order = await self._order_of(happening.source_ref)
            identity, amount = order["order_id"], order["total_minor"]
            await self._storefront.refund(identity, amount, happening.reason, happening.at_ms)
            self._book.write(happening.key, kind="refund", order_id=identity)
        elif isinstance(happening, Disputed):
            order = await self._order_of(happening.source_ref)
            identity, amount = order["order_id"], order["total_minor"]
            await self._storefront.dispute(identity, amount, happening.reason, happening.at_ms)
            self._book.write(happening.key, kind="dispute", order_id=identity)

    async def _order_of(self, source_ref: str) -> dict[str, Any]:
        if source_ref not in self._book.answers:
            await self._placed[source_ref].wait()
        return self._book.answers[source_ref]

    async def _place(self, placed: Placed) -> None:
        basket = placed.basket
        shared = sorted({n for n in (basket.subject, basket.card, basket.device_id) if n})
        for name in shared:
            await self._turns[name].acquire()
        try:
            await self._keep_distance(shared)
            slate = await self._look(basket)
            answer = await self._storefront.order(basket)
            for name in shared:
                self._latest[name] = time.monotonic()
        finally:
            for name in shared:
                self._turns[name].release()
        self._book.write(
            placed.key,
            kind="order",
            order_id=answer["order_id"],
            total_minor=answer["total_minor"],
            risk=answer["risk"],
            **slate,
        )

    async def _keep_distance(self, shared: list[str]) -> None:
        now = time.monotonic()
        ready = max((self._latest.get(name, 0.0) + self._pace.gap_s for name in shared), default=0)
        if ready > now:
            await asyncio.sleep(ready - now)

    async def _look(self, basket: Basket) -> dict[str, Any]:
        """Look at recommendations, and say how many of them were bought right after."""
        if not self._pace.with_recommendations or basket.at_ms % ASKED_EVERY:
            return {}
        answer = await self._storefront.recommend(basket.subject, SLATE)
        bought = {line.sku for line in basket.lines}
        hits = sum(item["sku"] in bought for item in answer["items"])
        return {"slate_source": answer["source"], "slate_hits": hits}
