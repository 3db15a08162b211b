"""The page of metrics, written from the definitions."""

from __future__ import annotations

from collections.abc import Sequence

from models.metrics.catalogue import Catalogue
from models.metrics.definitions import Kind, Metric
from models.metrics.expressions import aggregate, literal

_HEAD = """\
# Metrics

Each figure is defined once, in `dbt/metrics/*.yml`, and compiled to SQL from there for whoever
asks: `ecomarket metrics query`, `GET /v1/metrics/{name}`, dashboards. This page is written from the
same definitions by `python -m deploy.marts.catalogue`; do not edit it. A day is a UTC day, a week
begins on Monday, and a share whose denominator is zero is null. Money is in minor units of
`currency`: ask by currency where there are several.
"""


def page(catalogue: Catalogue) -> str:
    """Return the page as Markdown."""
    parts = [_HEAD]
    for model in catalogue.models.values():
        own = [metric for metric in catalogue.metrics.values() if metric.model == model.name]
        dimensions = "\n".join(
            _row([f"`{name}`", f"`{d.expression}`", d.description])
            for name, d in model.dimensions.items()
        )
        parts.append(
            f"\n## {model.table}\n\n{model.description} The day is `{model.day}`.\n\n"
            + _row(["metric", "what", "unit", "owner", "SQL"])
            + f"\n{_row(['---'] * 5)}\n"
            + "\n".join(_metric(catalogue, metric) for metric in own)
            + f"\n\n{_row(['by', 'column', 'what'])}\n{_row(['---'] * 3)}\n{dimensions}\n"
        )
    return "".join(parts)


def _metric(catalogue: Catalogue, metric: Metric) -> str:
    sql = aggregate(catalogue, metric, literal)
    if metric.kind is Kind.CUMULATIVE:
        days = f"{metric.window_days} days" if metric.window_days else f"{metric.to_date} to date"
        sql = f"{sql} over {days}"
    what = f"**{metric.label}.** {metric.description}"
    return _row([f"`{metric.name}`", what, metric.unit, metric.owner, f"`{sql}`"])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
