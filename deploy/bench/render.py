"""A benchmark's result for people: a table, and a picture where a curve says more."""

from __future__ import annotations

from pathlib import Path

from rich.console import Group
from rich.table import Table

from deploy.bench.result import BenchResult, Curve

_DPI = 120


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"


def table(result: BenchResult) -> Group:
    """Return the figures beside the peers', then ratios and aims."""
    machine = result.machine
    figures = Table(
        "figure",
        "EcoMarket",
        *result.peers,
        title=f"{result.bench}, seed {result.seed}",
        caption=(
            f"{machine.processor}, {machine.cores} cores, {machine.memory_gib} GiB, "
            f"{machine.system}, Python {machine.python}"
        ),
    )
    rows = dict.fromkeys([*result.figures, *(f for peer in result.peers.values() for f in peer)])
    for name in rows:
        values = [result.figures.get(name), *(peer.get(name) for peer in result.peers.values())]
        figures.add_row(name, *("" if value is None else _number(value) for value in values))
    parts = [figures]
    if result.ratios:
        ratios = Table("ratio", "value")
        for name, value in result.ratios.items():
            ratios.add_row(name, _number(value))
        parts.append(ratios)
    if result.aims:
        aims = Table("aim", "value", "met")
        for aim in result.aims:
            met = "[green]yes[/]" if aim.met else "[red]no[/]"
            aims.add_row(aim.aim, _number(aim.value), met)
        parts.append(aims)
    return Group(*parts)


def draw(curve: Curve, path: Path) -> None:
    """Write the curve as a PNG."""
    # Imported here: it takes a second, and no other command needs it.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    for name, points in curve.series.items():
        xs, ys = zip(*points, strict=True)
        axes.plot(xs, ys, marker="o", label=name)
    axes.set(title=curve.title, xlabel=curve.x_label, ylabel=curve.y_label)
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=_DPI)
