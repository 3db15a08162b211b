"""The clock, injected so that tests and replays can state the time."""

from __future__ import annotations

import mmap
import os
import struct
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

Clock = Callable[[], datetime]

LAYOUT = struct.Struct("<qq")
"""A shared clock's file: the present instant there, and when it was written; epoch milliseconds."""
STALE_AFTER_MS = 30_000
"""Whoever sets a shared clock writes it several times a second; one left alone longer is void."""


def system_clock() -> datetime:
    """Return the present instant, UTC, in milliseconds."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class SharedClock:
    """The instant that another process writes into a file; the system's while none does.

    Every process of the store that reads the same file has the same time, so that a simulation
    which sets it decides for all of them what is early, late or over.

    Parameters
    ----------
    path
        The file, made if it is not there; 16 bytes as `LAYOUT` says.
    """

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.fstat(descriptor).st_size < LAYOUT.size:
                os.ftruncate(descriptor, LAYOUT.size)
            self._file = mmap.mmap(descriptor, LAYOUT.size, access=mmap.ACCESS_READ)
        finally:
            os.close(descriptor)

    def _read(self) -> int | None:
        instant_ms, written_ms = LAYOUT.unpack(self._file[: LAYOUT.size])
        stale = time.time_ns() // 1_000_000 - written_ms > STALE_AFTER_MS
        return None if stale else int(instant_ms)

    @property
    def is_set(self) -> bool:
        """Whether another process sets it now."""
        return self._read() is not None

    def __call__(self) -> datetime:
        """Return the present instant, UTC, in milliseconds."""
        instant_ms = self._read()
        if instant_ms is None:
            return system_clock()
        return datetime.fromtimestamp(instant_ms // 1000, UTC).replace(
            microsecond=instant_ms % 1000 * 1000
        )


def choose_clock(shared: str) -> Clock:
    """Return the clock of the file that is named, or the system's if none is."""
    return SharedClock(Path(shared)) if shared else system_clock


def is_simulated(clock: Clock) -> bool:
    """Return whether a simulation sets the time now, and not the system."""
    return isinstance(clock, SharedClock) and clock.is_set
