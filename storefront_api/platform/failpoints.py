"""Where tests kill a process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Failpoints:
    """Where tests kill the process; does nothing otherwise."""

    at: Callable[[str], None] = lambda _: None
