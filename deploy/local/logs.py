"""Reading a service's log file."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

_POLL_S = 0.2


def tail(path: Path, lines: int) -> list[str]:
    """Return the last lines of a file, none if it does not exist."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return [line.rstrip("\n") for line in deque(file, maxlen=lines)]
    except FileNotFoundError:
        return []


def follow(path: Path) -> Iterator[str]:
    """Yield what is appended from now on, also after the file was rotated away; never ends."""
    file = path.open(encoding="utf-8", errors="replace")
    try:
        file.seek(0, os.SEEK_END)
        while True:
            if text := file.read():
                yield text
                continue
            if path.exists() and path.stat().st_ino != os.fstat(file.fileno()).st_ino:
                file.close()
                file = path.open(encoding="utf-8", errors="replace")
                continue
            time.sleep(_POLL_S)
    finally:
        file.close()
