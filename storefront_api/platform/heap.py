"""What the garbage collector need not look at."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNGEST = 10_000
"""Objects made, less those gone again, between two collections; Python's own 700 are few beside
what one request makes."""


@contextmanager
def settled_heap() -> Iterator[None]:
    """Serve with all that exists now left out of collections.

    Modules, routes and models are some hundred thousand objects that stay; going through them for
    what a few requests left took a seventh of a request's time.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNGEST, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
