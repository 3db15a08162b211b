"""Finding a benchmark by its name: each is a module of this package."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from deploy.bench.result import BenchResult

FRAME = {"cli", "registry", "render", "result"}
"""Modules of this package that are no benchmarks."""


class UnknownBenchError(ValueError):
    """There is no benchmark of that name; the message lists those that there are."""


def names() -> list[str]:
    """Return the names of all benchmarks."""
    modules = pkgutil.iter_modules([str(Path(__file__).parent)])
    return sorted(m.name for m in modules if m.name not in FRAME and not m.name.startswith("_"))


def load(name: str) -> Callable[[int], BenchResult]:
    """Return the benchmark's ``run(seed)``.

    Raises
    ------
    UnknownBenchError
        If there is none of that name.
    """
    if name not in names():
        known = ", ".join(names()) or "none yet"
        raise UnknownBenchError(f"no benchmark {name!r}; there are: {known}")
    run: Callable[[int], BenchResult] = import_module(f"deploy.bench.{name}").run
    return run
