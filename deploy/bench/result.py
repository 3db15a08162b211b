"""What every benchmark returns, so that any two can be read and compared by the same tool."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

_GIB = 1024**3


class BenchError(RuntimeError):
    """What was measured does not count, or there was nothing to measure."""


@dataclass(frozen=True)
class Machine:
    """Where a figure was measured; without it a figure means nothing."""

    processor: str
    cores: int
    memory_gib: float
    system: str
    python: str

    @classmethod
    def current(cls) -> Machine:
        """Describe the machine that this process runs on."""
        return cls(
            processor=_processor(),
            cores=len(os.sched_getaffinity(0)),
            memory_gib=round(psutil.virtual_memory().total / _GIB, 1),
            system=f"{platform.system()} {platform.release()}",
            python=platform.python_version(),
        )


def _processor() -> str:
    """Return the CPU's model name, which `platform.processor` leaves empty on Debian."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


@dataclass(frozen=True)
class Aim:
    """A figure that was aimed at, and whether it was reached."""

    aim: str
    value: float
    met: bool


@dataclass(frozen=True)
class Curve:
    """One or more series of (x, y) points, drawn when a table would hide the shape."""

    title: str
    x_label: str
    y_label: str
    series: Mapping[str, Sequence[tuple[float, float]]]


@dataclass(frozen=True)
class BenchResult:
    """One run of one benchmark.

    Attributes
    ----------
    bench
        Name of the benchmark.
    seed
        Seed that its data were made with.
    figures
        Our own measurements; a name ends with its unit, such as ``events_per_s``.
    peers
        The same measurements of what we are compared with, by the peer's name.
    ratios
        Ours divided by a peer's.
    aims
        What was aimed at.
    curve
        Drawn as a PNG by the command; not part of the JSON object.
    """

    bench: str
    seed: int
    figures: Mapping[str, float]
    peers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    ratios: Mapping[str, float] = field(default_factory=dict)
    aims: Sequence[Aim] = ()
    curve: Curve | None = None
    machine: Machine = field(default_factory=Machine.current)

    def document(self) -> dict[str, Any]:
        """Return the JSON object: bench, machine, seed, figures, peers, ratios, aims."""
        return {
            "bench": self.bench,
            "machine": asdict(self.machine),
            "seed": self.seed,
            "figures": dict(self.figures),
            "peers": {name: dict(figures) for name, figures in self.peers.items()},
            "ratios": dict(self.ratios),
            "aims": [asdict(aim) for aim in self.aims],
        }
