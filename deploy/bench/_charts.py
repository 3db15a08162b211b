"""What each chart of the dashboards asks the warehouse, as Superset puts it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from deploy.bi.description import (
    Bars,
    Chart,
    Dashboard,
    Dataset,
    Funnel,
    Grain,
    Heat,
    Number,
    Series,
    Table,
    read,
)

_GRAINS: dict[Grain, str] = {
    "second": "toStartOfSecond(toDateTime64({0}, 3))",
    "minute": "toStartOfMinute(toDateTime({0}))",
    "hour": "toStartOfHour(toDateTime({0}))",
    "day": "toStartOfDay(toDateTime({0}))",
    "week": "toMonday(toDateTime({0}))",
    "month": "toStartOfMonth(toDateTime({0}))",
}
_MOST_ROWS = 10_000


@dataclass(frozen=True)
class Asked:
    """One query of one chart."""

    dashboard: str
    chart: str
    sql: str


def asked(end: date) -> list[Asked]:
    """Return the queries of every chart of every dashboard, as it is first opened.

    Parameters
    ----------
    end
        The day after the last one that the marts hold; dashboards show the weeks before it.
    """
    boards = read()
    return [
        Asked(name, chart.title, sql)
        for name, dashboard in boards.dashboards.items()
        for chart in dashboard.charts
        for sql in _queries(chart, boards.datasets[chart.dataset], dashboard, end)
    ]


def _queries(chart: Chart, dataset: Dataset, dashboard: Dashboard, end: date) -> Iterator[str]:
    time = chart.time if isinstance(chart, Series) and chart.time else dataset.time
    metrics, dimensions, limit = _parts(chart, dataset, time)
    if dashboard.weeks is None or time is None or chart.always:
        yield _select(chart, dataset, metrics, dimensions, limit, "")
        return
    shown = timedelta(weeks=dashboard.weeks)
    before = timedelta(0)
    if isinstance(chart, Number) and chart.compare:
        before = shown
    elif isinstance(chart, Series) and chart.before:
        before = timedelta(days=int(chart.before.split()[0]))
    # What a chart compares with is a query of its own.
    for until in dict.fromkeys((end, end - before)):
        days = f"{time} >= toDate('{until - shown}') AND {time} < toDate('{until}')"
        yield _select(chart, dataset, metrics, dimensions, limit, days)


def _parts(
    chart: Chart, dataset: Dataset, time: str | None
) -> tuple[Sequence[str], dict[str, str], int]:
    """Return a chart's metrics, its dimensions as name and expression, and its most rows."""

    def said(*columns: str | None) -> dict[str, str]:
        return {
            column: dataset.columns[column].sql if column in dataset.columns else column
            for column in columns
            if column
        }

    if isinstance(chart, Number):
        return [chart.metric], {}, _MOST_ROWS
    if isinstance(chart, Series):
        at = said(time)[time or ""]
        return (
            chart.metrics,
            {"__timestamp": _GRAINS[chart.grain].format(at), **said(chart.by)},
            _MOST_ROWS,
        )
    if isinstance(chart, Bars):
        return chart.metrics, said(chart.by, chart.split), 1000 if chart.split else chart.limit
    if isinstance(chart, Table):
        first = chart.sort or chart.metrics[0]
        return [first, *(m for m in chart.metrics if m != first)], said(*chart.by), chart.limit
    if isinstance(chart, Funnel):
        return [chart.metric], said(chart.by), 20
    assert isinstance(chart, Heat)
    return [chart.metric], said(chart.x, chart.y), _MOST_ROWS


def _select(
    chart: Chart,
    dataset: Dataset,
    metrics: Sequence[str],
    dimensions: dict[str, str],
    limit: int,
    days: str,
) -> str:
    shown = [f"{expression} AS `{name}`" for name, expression in dimensions.items()]
    shown += [f"{dataset.metrics[name].sql} AS `{dataset.metrics[name].label}`" for name in metrics]
    source = dataset.table or f"(\n{dataset.sql}\n) AS virtual_table"
    conditions = " AND ".join(f"({each})" for each in (days, chart.where) if each)
    sql = f"SELECT {', '.join(shown)} FROM {source}"
    if conditions:
        sql += f" WHERE {conditions}"
    if dimensions:
        sql += f" GROUP BY {', '.join(dimensions.values())}"
        sql += f" ORDER BY `{dataset.metrics[metrics[0]].label}` DESC"
    return f"{sql} LIMIT {limit}"
