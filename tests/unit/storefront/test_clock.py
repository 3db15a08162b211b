"""What time it is, by the system and by a file."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storefront_api.platform.clock import (
    LAYOUT,
    STALE_AFTER_MS,
    SharedClock,
    choose_clock,
    system_clock,
)

WEDNESDAY = datetime(2018, 1, 3, 12, 30, 15, 250_000, UTC)


def write(path: Path, instant: datetime, age_ms: int = 0) -> None:
    """Write an instant as whoever sets the clock does."""
    instant_ms = (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    path.write_bytes(LAYOUT.pack(instant_ms, time.time_ns() // 1_000_000 - age_ms))


def is_now(instant: datetime) -> bool:
    """Return whether an instant is the system's present, give or take a minute."""
    return abs(instant - datetime.now(UTC)) < timedelta(minutes=1)


def test_no_file_means_the_systems_clock() -> None:
    assert choose_clock("") is system_clock


def test_a_file_that_nobody_wrote_means_the_systems_time(tmp_path: Path) -> None:
    assert is_now(SharedClock(tmp_path / "clock")())


def test_what_is_written_is_the_time_at_once(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    clock = choose_clock(str(path))
    with path.open("r+b") as file:
        for later_ms in (0, 1, 86_400_000):
            at = WEDNESDAY + timedelta(milliseconds=later_ms)
            write(tmp_path / "other", at)
            file.seek(0)
            file.write((tmp_path / "other").read_bytes())
            file.flush()
            assert clock() == at


def test_a_clock_that_was_left_alone_is_void(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    write(path, WEDNESDAY, age_ms=STALE_AFTER_MS + 1_000)
    assert is_now(SharedClock(path)())
    write(path, WEDNESDAY, age_ms=STALE_AFTER_MS - 10_000)
    assert SharedClock(path)() == WEDNESDAY
