"""A question about a metric, and the one SELECT that answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from models.metrics.catalogue import GRAINS, Catalogue
from models.metrics.definitions import Kind, Metric, SemanticModel
from models.metrics.expressions import aggregate, merged

MOST_ROWS = 10_000
"""Rows that an answer may have."""


class QuestionError(ValueError):
    """A question breaks a rule; the message names the field and the rule."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


class UnknownMetricError(QuestionError):
    """There is no such metric; the message names those that there are."""


@dataclass(frozen=True)
class Question:
    """What is asked.

    Parameters
    ----------
    metric
        Its name.
    by
        Dimensions and grains of time to lay it out by, in this order.
    since, until
        UTC days, the second one excluded; None for no bound.
    where
        By dimension the values that are kept.
    """

    metric: str
    by: Sequence[str] = ()
    since: date | None = None
    until: date | None = None
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Compiled:
    """One SELECT of ClickHouse.

    Parameters
    ----------
    columns
        Of the result: what it is laid out by, then `value`.
    """

    sql: str
    parameters: Mapping[str, Any]
    columns: tuple[str, ...]


class _Parameters:
    """Values of a question, each under a name of its own."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def bind(self, value: Any, type_: str) -> str:
        """Keep a value and return the placeholder for it."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"{{{name}:{type_}}}"

    def write(self, value: str | int) -> str:
        """Keep a value of a definition."""
        return self.bind(value, "Int64" if isinstance(value, int) else "String")


def compile_question(catalogue: Catalogue, question: Question) -> Compiled:
    """Compile a question; everything that is not of the definitions is a bound parameter.

    A dimension that repeats counts once. A result has at most `MOST_ROWS` rows and one more, by
    which it is seen that there are too many.

    Raises
    ------
    UnknownMetricError
        If there is no such metric.
    QuestionError
        If a dimension is not one of the metric's, the days are the wrong way round, or a
        cumulative metric is not asked for by day.
    """
    metric = catalogue.metrics.get(question.metric)
    if metric is None:
        allowed = ", ".join(catalogue.metrics)
        raise UnknownMetricError("metric", f"must be one of {allowed}, not {question.metric!r}")
    by = tuple(dict.fromkeys(question.by))
    _check(catalogue, metric, question, by)
    bound = _Parameters()
    if metric.kind is Kind.CUMULATIVE:
        body = _cumulative(catalogue, metric, question, by, bound)
    else:
        body = _plain(catalogue, metric, question, by, bound)
    limit = bound.bind(MOST_ROWS + 1, "UInt32")
    ordered = f"\norder by {', '.join(by)}" if by else ""
    return Compiled(f"{body}{ordered}\nlimit {limit}", bound.values, (*by, "value"))


def _check(catalogue: Catalogue, metric: Metric, question: Question, by: Sequence[str]) -> None:
    allowed = catalogue.dimensions_of(metric)
    for name in by:
        if name not in allowed:
            raise QuestionError("by", f"must be of {', '.join(allowed)}, not {name!r}")
    dimensions = list(catalogue.model_of(metric).dimensions)
    for name in question.where:
        if name not in dimensions:
            raise QuestionError("where", f"must be of {', '.join(dimensions)}, not {name!r}")
    if metric.kind is Kind.CUMULATIVE and "day" not in by:
        raise QuestionError("by", f"must have day, since {metric.name} is a figure of each day")
    if question.since and question.until and question.since >= question.until:
        raise QuestionError("until", f"must be after from, which is {question.since}")


def _expression(model: SemanticModel, name: str) -> str:
    if name in GRAINS:
        return GRAINS[name].format(day=model.day)
    return model.dimensions[name].expression


def _conditions(
    model: SemanticModel, question: Question, bound: _Parameters, since: str
) -> list[str]:
    """Return what rows fulfil.

    Parameters
    ----------
    since
        SQL of the first day that is read; empty for all.
    """
    found = [f"{model.day} >= {since}"] if since else []
    if question.until:
        found.append(f"{model.day} < {bound.bind(question.until, 'Date')}")
    for name, values in question.where.items():
        kept = bound.bind(list(values), "Array(String)")
        found.append(f"toString({model.dimensions[name].expression}) in {kept}")
    return found


def _selected(columns: Mapping[str, str], table: str, conditions: Sequence[str]) -> str:
    lines = ",\n    ".join(f"{expression} as {name}" for name, expression in columns.items())
    where = f"\nwhere {' and '.join(conditions)}" if conditions else ""
    return f"select\n    {lines}\nfrom {table}{where}"


def _grouped(by: Sequence[str]) -> str:
    return f"\ngroup by {', '.join(by)}" if by else ""


def _plain(
    catalogue: Catalogue,
    metric: Metric,
    question: Question,
    by: Sequence[str],
    bound: _Parameters,
) -> str:
    model = catalogue.model_of(metric)
    groups = {name: _expression(model, name) for name in by}
    value = aggregate(catalogue, metric, bound.write)
    since = bound.bind(question.since, "Date") if question.since else ""
    conditions = _conditions(model, question, bound, since)
    body = _selected({**groups, "value": value}, model.table, conditions)
    return body + _grouped(list(groups.values()))


def _cumulative(
    catalogue: Catalogue,
    metric: Metric,
    question: Question,
    by: Sequence[str],
    bound: _Parameters,
) -> str:
    """Let each day's state count on every day that it belongs to, and merge what meets there."""
    model = catalogue.model_of(metric)
    groups = {name: _expression(model, name) for name in by}
    state = aggregate(catalogue, metric, bound.write, suffix="State")
    begin = ""
    if question.since:
        day = bound.bind(question.since, "Date")
        back = bound.bind(max(0, metric.window_days - 1), "UInt16")
        begin = GRAINS[metric.to_date].format(day=day) if metric.to_date else f"{day} - {back}"
    conditions = _conditions(model, question, bound, begin)
    inner = _selected({**groups, "carried": state}, model.table, conditions)
    inner += _grouped(list(groups.values()))
    if metric.to_date:
        next_begin = f"{GRAINS[metric.to_date].format(day='day')} + interval 1 {metric.to_date}"
        span = f"toUInt32(dateDiff('day', day, {next_begin}))"
    else:
        span = bound.bind(metric.window_days, "UInt32")
    last = (
        f"{bound.bind(question.until, 'Date')} - 1"
        if question.until
        else f"(select max({model.day}) from {model.table})"
    )
    kept = [f"counted <= {last}"]
    if question.since:
        kept.append(f"counted >= {bound.bind(question.since, 'Date')}")
    others = [name for name in by if name != "day"]
    spread = _selected(
        {
            **{name: name for name in others},
            "carried": "carried",
            "counted": f"arrayJoin(arrayMap(n -> day + n, range({span})))",
        },
        f"(\n{inner}\n)",
        [],
    )
    outer = {name: "counted" if name == "day" else name for name in by}
    body = _selected(
        {**outer, "value": merged(catalogue, metric, "carried")}, f"(\n{spread}\n)", kept
    )
    return body + _grouped(list(outer.values()))
