"""A storefront whose clock a test can put forward: a process of its own, told by a file."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import FastAPI

from storefront_api.app import create_app as create_store
from storefront_api.platform.clock import system_clock

FILE = "CLOCK_FILE"


class Clock:
    """The clock of such a storefront, as its test sees and sets it.

    Parameters
    ----------
    path
        Of the file that has the seconds by which it is ahead.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ahead = timedelta()
        self.advance(timedelta())

    def advance(self, by: timedelta) -> None:
        """Put the clock forward."""
        self._ahead += by
        new = self._path.with_suffix(".new")
        new.write_text(str(self._ahead.total_seconds()), "utf-8")
        new.replace(self._path)

    def now(self) -> datetime:
        """Return the time that it shows."""
        return datetime.now(UTC) + self._ahead


def create_app() -> FastAPI:
    """Build the storefront."""
    path = Path(os.environ[FILE])
    return create_store(
        clock=lambda: system_clock() + timedelta(seconds=float(path.read_text("utf-8")))
    )
