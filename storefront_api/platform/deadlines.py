"""A time limit that is the same for all that runs, at the price of one timer for all of them."""

from __future__ import annotations

import asyncio


class Deadline:
    """Until when one task may go on.

    Parameters
    ----------
    at
        By the event loop's clock.
    """

    __slots__ = ("_cancelling", "_task", "at", "is_over")

    def __init__(self, at: float) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._cancelling = task.cancelling()
        self.at = at
        self.is_over = False

    def end(self) -> None:
        """Have the task give up what it does."""
        self.is_over = True
        self._task.cancel()

    def gave_up(self) -> bool:
        """Tell, where the task was cancelled, whether that was because of this and nothing else."""
        return self.is_over and self._task.uncancel() <= self._cancelling


class Deadlines:
    """Deadlines of which each that begins later is due later.

    `asyncio.timeout` sets a timer for everything that it bounds and takes it back, which costs a
    small request a tenth of its time.

    Parameters
    ----------
    after_s
        How long anything may take.
    """

    def __init__(self, after_s: float) -> None:
        self.after_s = after_s
        self._running: dict[Deadline, None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_timed = False

    def begin(self) -> Deadline:
        """Bound what the present task does, until that is lifted."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            # With the one before, its timer has gone.
            self._loop, self._is_timed = loop, False
            self._running.clear()
        deadline = Deadline(loop.time() + self.after_s)
        self._running[deadline] = None
        if not self._is_timed:
            self._look_at(deadline.at, loop)
        return deadline

    def lift(self, deadline: Deadline) -> None:
        """Let the task go on for as long as it likes; a second time does nothing."""
        self._running.pop(deadline, None)

    def _look_at(self, instant: float, loop: asyncio.AbstractEventLoop) -> None:
        self._is_timed = True
        loop.call_at(instant, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_timed = False
        while self._running:
            oldest = next(iter(self._running))
            if oldest.at > loop.time():
                self._look_at(oldest.at, loop)
                return
            del self._running[oldest]
            oldest.end()
