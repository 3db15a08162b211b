"""The report as tables."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2))
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right")
    return table


def _totals(found: dict[str, Any]) -> Table:
    table = _table("Totals", "", "source", "fct_orders", "")
    source, marts = found["totals"]["source"], found["totals"]["fct_orders"]
    for name, value in source.items():
        mark = "[green]equal[/]" if value == marts[name] else "[red]differs[/]"
        table.add_row(name, f"{value:,}", f"{marts[name]:,}", mark)
    return table


def _orders(found: dict[str, Any]) -> Table:
    table = _table("Live orders", "", "count")
    for name, value in found["live_orders"].items():
        table.add_row(name.replace("_", " "), f"{value:,}")
    return table


def _ledger(found: dict[str, Any]) -> Table:
    table = _table("Ledger and marts, to the cent", "", "in", "ledger", "marts", "")
    for compared in found["ledger"]:
        sides = (compared["ledger"], compared["marts"])
        mark = "[red]differs[/]" if compared["differing"] else "[green]equal[/]"
        shown = [f"{side['count']:,} / {side['minor'] / 100:,.2f}" for side in sides]
        table.add_row(compared["subject"], compared["table"], *shown, mark)
    return table


def _raw(found: dict[str, Any]) -> Table:
    table = _table("Raw tables, each event once", "", "count()", "uniqExact(event_id)", "")
    for module, counts in found["raw"].items():
        once = counts["rows"] == counts["events"]
        mark = "[green]once[/]" if once else "[red]doubled[/]"
        table.add_row(f"raw.{module}", f"{counts['rows']:,}", f"{counts['events']:,}", mark)
    return table


def _models(found: dict[str, Any]) -> Table:
    table = _table(
        "Models, on days after their training data", "", "metric", "model", "baseline", "which"
    )
    for model in found["models"]:
        for metric in model["metrics"] or [{}]:
            table.add_row(
                f"{model['family']} ({model['state']})",
                metric.get("name", "-"),
                f"{metric.get('value', float('nan')):.4f}",
                f"{metric.get('baseline_value', float('nan')):.4f}",
                metric.get("baseline", "-"),
            )
    return table


def _latencies(found: dict[str, Any]) -> Table:
    table = _table("Latency of serving, one request after another", "", "p50", "p95", "p99")
    for route, figures in found["latencies"].items():
        cells = [f"{figures[name]:.1f} ms" for name in ("p50_ms", "p95_ms", "p99_ms")]
        table.add_row(route, *cells)
    return table


def _facts(title: str, facts: dict[str, Any]) -> Table:
    table = _table(title, "", "")
    for name, value in facts.items():
        shown = f"{value:,.3f}" if isinstance(value, float) else str(value)
        table.add_row(name.replace("_", " "), shown)
    return table


def show(console: Console, found: dict[str, Any]) -> None:
    """Print the report, and what is broken last."""
    tables = [
        _totals(found),
        _orders(found),
        _ledger(found),
        _raw(found),
        _models(found),
        _facts(
            "Fraud scores given while orders were placed, against the truth", found["live_fraud"]
        ),
        _facts("Carbon", found["carbon"]),
        _latencies(found),
        _facts("Look at it", found["urls"]),
    ]
    for table in tables:
        console.print(table)
        console.print()
    for message in found["broken"]:
        console.print(f"[bold red]broken:[/] {message}")
    if not found["broken"]:
        console.print("[bold green]every figure adds up[/]")
