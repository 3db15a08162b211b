"""Showing how far a stage is: a bar on a terminal, otherwise a line now and then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

EVERY_S = 3.0


class Stage:
    """The progress of one stage.

    Parameters
    ----------
    console
        Where to show it.
    title
        What the stage does.
    total
        Steps it has; 0 if nobody knows.
    """

    def __init__(self, console: Console, title: str, total: int) -> None:
        self._console = console
        self._title = title
        self._total = total
        self._done = 0
        self._note = ""
        self._began = time.monotonic()
        self._over = Event()
        self._bar: Progress | None = None
        if console.is_terminal:
            self._bar = Progress(
                SpinnerColumn(),
                TextColumn("{task.description:<34}"),
                BarColumn(),
                TextColumn("{task.percentage:>3.0f}%"),
                TimeElapsedColumn(),
                TextColumn("{task.fields[note]}"),
                console=console,
            )
            self._task = self._bar.add_task(title, total=total or None, note="")
            self._bar.start()
        self._teller = Thread(target=self._tell, daemon=True)
        self._teller.start()

    def show(self, done: int, note: str = "", total: int | None = None) -> None:
        """Say how far it is."""
        self._done, self._note = done, note
        self._total = self._total if total is None else total
        if self._bar is not None:
            self._bar.update(self._task, completed=done, note=note, total=self._total or None)

    def rate(self) -> float:
        """Return steps per second so far."""
        return self._done / max(1e-9, time.monotonic() - self._began)

    def _tell(self) -> None:
        while self._bar is None and not self._over.wait(EVERY_S):
            share = f"{100 * self._done // self._total:3d} %" if self._total else "     "
            elapsed = time.monotonic() - self._began
            self._console.print(f"  {self._title:<34} {share} {elapsed:6.0f} s  {self._note}")

    def end(self, outcome: str) -> None:
        """Close the stage with a line that stays."""
        self._over.set()
        self._teller.join()
        if self._bar is not None:
            self._bar.stop()
        elapsed = time.monotonic() - self._began
        mark = "[red]✗[/]" if outcome == "failed" else "[green]✓[/]"
        self._console.print(f"{mark} {self._title:<34} {elapsed:6.1f} s  {self._note}")


@contextmanager
def stage(console: Console, title: str, total: int = 0) -> Iterator[Stage]:
    """Show a stage while its block runs."""
    shown = Stage(console, title, total)
    outcome = "failed"
    try:
        yield shown
        outcome = "done"
    finally:
        shown.end(outcome)
