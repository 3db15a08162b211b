"""Turns come in order of time, not too far apart, and no faster than the speed."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.demo.shoppers import timeline
from deploy.demo.shoppers.timeline import SPREAD_MS, SharedClock, Timeline, Turn
from storefront_api.platform.clock import LAYOUT

HOUR_MS = 3_600_000
ACTORS = st.lists(
    st.lists(st.integers(0, 4 * HOUR_MS), min_size=1, max_size=6), min_size=1, max_size=12
)


async def act(turn: Turn, steps: list[int], seen: list[tuple[str, int]], pause: int) -> None:
    """Act at some times after each other, each act a number of the loop's rounds long."""
    await turn.begun
    for step in steps:
        seen.append(("begin", turn.at_ms))
        for _ in range(pause):
            await asyncio.sleep(0)
        seen.append(("end", turn.at_ms))
        await turn.until(turn.at_ms + step)
    seen.append(("begin", turn.at_ms))
    seen.append(("end", turn.at_ms))
    turn.end()


@settings(deadline=None)
@given(ACTORS, st.integers(1, 5), st.integers(0, 4))
def test_what_is_under_way_together_is_within_the_limits(
    actors: list[list[int]], together: int, pause: int
) -> None:
    seen: list[tuple[str, int]] = []
    told: list[int] = []

    async def everybody() -> None:
        line = Timeline(0, together, 0.0, told.append)
        # Held by somebody while the others queue, as the run itself does.
        first = line.enter(0)
        turns = [line.enter(steps[0]) for steps in actors]
        first.end()
        async with asyncio.TaskGroup() as group:
            for turn, steps in zip(turns, actors, strict=True):
                group.create_task(act(turn, steps[1:], seen, pause))

    asyncio.run(everybody())
    under_way: list[int] = []
    for what, at_ms in seen:
        if what == "begin":
            under_way.append(at_ms)
            assert len(under_way) <= together
            assert max(under_way) - min(under_way) <= SPREAD_MS
        else:
            under_way.remove(at_ms)
    assert len(seen) == 2 * sum(map(len, actors))
    assert told == sorted(told)


def test_one_at_a_time_acts_in_order() -> None:
    seen: list[tuple[str, int]] = []

    async def everybody() -> None:
        line = Timeline(0, 1, 0.0, lambda _: None)
        turns = [line.enter(start) for start in (0, 500, 100, 300, 200)]
        await asyncio.gather(*(act(turn, [7, 400], seen, 0) for turn in turns))

    asyncio.run(everybody())
    begun = [at for what, at in seen if what == "begin"]
    assert begun == sorted(begun)
    assert len(begun) == 15


def test_a_speed_holds_the_time_back() -> None:
    ends: list[float] = []

    async def one() -> None:
        line = Timeline(0, 4, 1000.0, lambda _: None)
        began = time.monotonic()
        turn = line.enter(0)
        await turn.begun
        await turn.until(300_000)
        ends.append(time.monotonic() - began)
        turn.end()

    asyncio.run(one())
    assert ends[0] >= 0.299


def test_a_beat_moves_a_paced_time_on_while_nobody_acts() -> None:
    told: list[int] = []

    async def one() -> None:
        line = Timeline(0, 4, 3600.0, told.append)
        line.enter(HOUR_MS)
        beat = asyncio.create_task(line.beat())
        while len(told) < 2:
            await asyncio.sleep(0.01)
        beat.cancel()

    asyncio.run(one())
    assert 0 < told[1] <= HOUR_MS + SPREAD_MS


def test_the_stores_clock_reads_what_the_simulation_writes(tmp_path: Path) -> None:
    # The layout is the contract: read here as storefront_api.platform.clock documents it.
    path = tmp_path / "made" / "clock"
    clock = SharedClock(path)
    at = datetime(2018, 1, 9, 10, 30, tzinfo=UTC)
    clock.show(int(at.timestamp()) * 1000 + 7)
    instant_ms, written_ms = timeline.LAYOUT.unpack(path.read_bytes())
    assert instant_ms == int(at.timestamp()) * 1000 + 7
    assert abs(written_ms / 1000 - time.time()) < 60
    clock.close()
    assert path.read_bytes() == bytes(16)


def test_turns_that_nobody_waits_for_any_more_are_passed_over() -> None:
    async def one() -> int:
        line = Timeline(0, 1, 0.0, lambda _: None)
        first = line.enter(0)
        await first.begun
        given_up = line.enter(1)
        given_up.begun.cancel()
        third = line.enter(2)
        first.end()
        await third.begun
        return line.now_ms

    assert asyncio.run(one()) == 2


def test_the_store_has_the_same_layout() -> None:
    assert LAYOUT.format == timeline.LAYOUT.format
