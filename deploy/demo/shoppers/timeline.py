"""Simulated time: everything happens in its order, as fast as the store answers or slower.

Whoever acts holds a turn; between two acts it gives the turn back until a later instant. The
timeline hands turns out in order of their instants, at most `together` at once and none that is
more than `SPREAD_MS` later than the earliest still under way. So what a shopper's program waits for
the store never makes the simulated time longer, and no two requests under way are far apart.
"""

from __future__ import annotations

import asyncio
import heapq
import mmap
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path

SPREAD_MS = 240_000
"""Much less than a checkout is kept for, and than a webhook's signature holds."""
BEAT_S = 0.5
"""Between two writings of the time while nothing happens."""
LAYOUT = struct.Struct("<qq")
"""The shared clock's file: the simulated instant, and when it was written; epoch milliseconds."""


class SharedClock:
    """The file by which the store's processes have the simulation's time.

    Parameters
    ----------
    path
        The file; made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(descriptor, LAYOUT.size)
            self._file = mmap.mmap(descriptor, LAYOUT.size)
        finally:
            os.close(descriptor)

    def show(self, instant_ms: int) -> None:
        """Write the time."""
        LAYOUT.pack_into(self._file, 0, instant_ms, time.time_ns() // 1_000_000)

    def close(self) -> None:
        """Give the store its own time back."""
        LAYOUT.pack_into(self._file, 0, 0, 0)
        self._file.close()


class Turn:
    """The right to act at an instant."""

    def __init__(self, timeline: Timeline, at_ms: int) -> None:
        self._timeline = timeline
        self.at_ms = at_ms
        self.begun: asyncio.Future[None] = timeline.enqueue(self)

    async def until(self, at_ms: int) -> None:
        """Give the turn back and return when it is time; never earlier than now."""
        timeline = self._timeline
        timeline.leave(self)
        self.at_ms = max(self.at_ms, at_ms)
        self.begun = timeline.enqueue(self)
        timeline.advance()
        await self.begun

    def end(self) -> None:
        """Give the turn back for good."""
        self._timeline.leave(self)
        self._timeline.advance()


class Timeline:
    """Hands out turns.

    Parameters
    ----------
    begins_ms
        The first instant, epoch milliseconds.
    together
        Turns at a time.
    speed
        Simulated seconds in one; 0 for as many as there can be.
    show
        Told the time whenever it moves on, and twice a second.
    """

    def __init__(
        self, begins_ms: int, together: int, speed: float, show: Callable[[int], None]
    ) -> None:
        self.now_ms = begins_ms
        self._together = together
        self._speed = speed
        self._show = show
        self._waiting: list[tuple[int, int, Turn]] = []
        self._acting: set[Turn] = set()
        self._number = 0
        self._origin_ms = begins_ms
        self._began = time.monotonic()
        self._alarm: asyncio.TimerHandle | None = None

    def enter(self, at_ms: int) -> Turn:
        """Ask for a turn; it is queued when this returns, and `begun` tells when it is due."""
        turn = Turn(self, at_ms)
        self.advance()
        return turn

    def enqueue(self, turn: Turn) -> asyncio.Future[None]:
        """Put a turn into the queue."""
        self._number += 1
        heapq.heappush(self._waiting, (turn.at_ms, self._number, turn))
        return asyncio.get_running_loop().create_future()

    def leave(self, turn: Turn) -> None:
        """Take back a turn."""
        self._acting.discard(turn)

    def advance(self) -> None:
        """Begin the turns that are due."""
        moved = False
        while self._waiting and len(self._acting) < self._together:
            at_ms, _, turn = self._waiting[0]
            if turn.begun.cancelled():
                heapq.heappop(self._waiting)
                continue
            if self._acting:
                earliest = min(acting.at_ms for acting in self._acting)
                if at_ms > earliest + SPREAD_MS:
                    break
            if self._early(at_ms):
                break
            heapq.heappop(self._waiting)
            self._acting.add(turn)
            self.now_ms = max(self.now_ms, at_ms)
            moved = True
            turn.begun.set_result(None)
        if moved:
            self._show(self.now_ms)

    def _early(self, at_ms: int) -> bool:
        if not self._speed:
            return False
        due = self._began + (at_ms - self._origin_ms) / 1000 / self._speed
        wait = due - time.monotonic()
        if wait <= 0:
            return False
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(wait, self.advance)
        return True

    def _pace(self) -> None:
        """Move the time on while nobody acts, where it has a speed."""
        if not self._speed:
            return
        paced = self._origin_ms + int((time.monotonic() - self._began) * 1000 * self._speed)
        bounds = [acting.at_ms + SPREAD_MS for acting in self._acting]
        if self._waiting:
            bounds.append(self._waiting[0][0])
        self.now_ms = max(self.now_ms, min([paced, *bounds]))

    async def beat(self) -> None:
        """Tell the time again and again, for good."""
        while True:
            self._pace()
            self._show(self.now_ms)
            await asyncio.sleep(BEAT_S)
