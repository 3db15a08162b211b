"""Showing progress on a terminal, and as plain lines where there is none."""

from __future__ import annotations

import time
from threading import Lock
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from deploy.local.progress import Phase, Progress

SILENCE_S = 4.0
"""Longest pause between two lines while something is waited for."""
_SIGNS = {
    Phase.STARTING: "…",
    Phase.READY: "[green]✓[/]",
    Phase.FAILED: "[red]✗[/]",
    Phase.STOPPING: "…",
    Phase.STOPPED: "[dim]■[/]",
}
_PASSING = {Phase.STARTING, Phase.STOPPING}


class Display:
    """Takes what the stack tells, from any thread; a context manager around one `up` or `down`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = Lock()
        self._phases: dict[str, Phase] = {}
        self._told_at = time.monotonic()
        self._rows: dict[str, TaskID] = {}
        self._bars = Bars(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[detail]}"),
            console=console,
        )

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._bars.stop()

    def __call__(self, progress: Progress) -> None:
        """Show one observation."""
        with self._lock:
            if self._console.is_terminal:
                self._move_row(progress)
            else:
                self._write_line(progress)

    def _move_row(self, progress: Progress) -> None:
        if progress.name not in self._rows:
            self._rows[progress.name] = self._bars.add_task("", total=1, detail="")
        passing = progress.phase in _PASSING
        self._bars.update(
            self._rows[progress.name],
            description=f"{_SIGNS[progress.phase]} {progress.name:20} {progress.phase:9}",
            detail=progress.detail[:60] if progress.phase is not Phase.READY else "",
            completed=0 if passing else 1,
        )

    def _write_line(self, progress: Progress) -> None:
        changed = self._phases.get(progress.name) is not progress.phase
        self._phases[progress.name] = progress.phase
        if not changed and time.monotonic() - self._told_at < SILENCE_S:
            return
        self._told_at = time.monotonic()
        detail = f"  {progress.detail}" if progress.phase in _PASSING and progress.detail else ""
        self._console.print(
            f"{progress.name:20} {progress.phase:9} {progress.elapsed_s:5.1f} s{detail}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
