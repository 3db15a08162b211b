"""One time limit for all that runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from storefront_api.platform.deadlines import Deadline, Deadlines

AFTER_S = 0.1
LONG_S = 30.0
Work = Callable[[Deadlines, Deadline], Awaitable[object]]


async def outcome(deadlines: Deadlines, work: Work) -> str:
    """Do something within a deadline and return what became of it."""
    deadline = deadlines.begin()
    try:
        await work(deadlines, deadline)
    except asyncio.CancelledError:
        if not deadline.gave_up():
            return "cancelled"
        return "given up"
    finally:
        deadlines.lift(deadline)
    return "done"


async def hang(_: Deadlines, __: Deadline) -> None:
    await asyncio.sleep(LONG_S)


async def end(_: Deadlines, __: Deadline) -> None:
    await asyncio.sleep(0)


async def go_on(deadlines: Deadlines, deadline: Deadline) -> None:
    deadlines.lift(deadline)
    await asyncio.sleep(3 * AFTER_S)


async def begun(deadlines: Deadlines, *works: Work) -> list[str]:
    """Begin works one after the other, and return what became of each."""
    tasks = []
    for work in works:
        tasks.append(asyncio.create_task(outcome(deadlines, work)))
        await asyncio.sleep(AFTER_S / 10)
    return await asyncio.gather(*tasks)


def test_what_takes_too_long_is_given_up_and_nothing_else() -> None:
    started = time.monotonic()
    works = (hang, end, go_on, hang)
    found = asyncio.run(begun(Deadlines(AFTER_S), *works))
    assert found == ["given up", "done", "done", "given up"]
    assert time.monotonic() - started < LONG_S


def test_nothing_is_given_up_before_its_time() -> None:
    async def took() -> float:
        deadlines = Deadlines(AFTER_S)
        assert await outcome(deadlines, end) == "done"
        await asyncio.sleep(AFTER_S / 2)
        started = time.monotonic()
        assert await outcome(deadlines, hang) == "given up"
        return time.monotonic() - started

    assert asyncio.run(took()) >= 0.9 * AFTER_S


def test_who_is_cancelled_otherwise_has_not_taken_too_long() -> None:
    async def cancelled() -> str:
        task = asyncio.create_task(outcome(Deadlines(LONG_S), hang))
        await asyncio.sleep(0)
        task.cancel()
        return await task

    assert asyncio.run(cancelled()) == "cancelled"


def test_each_event_loop_has_timers_of_its_own() -> None:
    deadlines = Deadlines(AFTER_S)
    assert asyncio.run(begun(deadlines, end)) == ["done"]
    assert asyncio.run(begun(deadlines, hang)) == ["given up"]
