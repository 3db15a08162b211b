"""Metrics as aggregate expressions over the table that they are of."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from models.metrics.catalogue import Catalogue
from models.metrics.definitions import (
    Aggregation,
    DefinitionError,
    Kind,
    Metric,
)

Literal = Callable[[str | int], str]
"""How a value of a definition is written: as a literal, or as a parameter that is bound."""
_FUNCTIONS = {
    Aggregation.SUM: "sum",
    Aggregation.COUNT: "count",
    Aggregation.COUNT_DISTINCT: "uniqExact",
}
_DIVISOR = re.compile(r"/ *([a-z0-9_]+|\([^()]*\))")


@dataclass(frozen=True)
class SavedMetric:
    """A metric as dashboards keep it: an aggregate expression over a dataset.

    Parameters
    ----------
    table
        The dataset, ``schema.name``.
    day
        The dataset's column of time.
    dimensions
        SQL of each dimension, by name.
    """

    name: str
    label: str
    description: str
    unit: str
    table: str
    day: str
    expression: str
    dimensions: dict[str, str]


def saved_metric(catalogue: Catalogue, name: str) -> SavedMetric:
    """Return a metric as an expression without parameters, for a dashboard's dataset.

    Raises
    ------
    DefinitionError
        If the metric is unknown, or cumulative: that is no aggregate over the rows of a day.
    """
    metric = catalogue.metrics.get(name)
    if metric is None:
        raise DefinitionError(
            f"there is no metric {name}; there are {', '.join(catalogue.metrics)}"
        )
    if metric.kind is Kind.CUMULATIVE:
        raise DefinitionError(f"{name}: is cumulative, and no expression over the rows of a day")
    model = catalogue.model_of(metric)
    return SavedMetric(
        name=metric.name,
        label=metric.label,
        description=metric.description,
        unit=metric.unit,
        table=model.table,
        day=model.day,
        expression=aggregate(catalogue, metric, literal),
        dimensions={name: d.expression for name, d in model.dimensions.items()},
    )


def literal(value: str | int) -> str:
    """Write a value of a definition as a literal of ClickHouse."""
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def aggregate(catalogue: Catalogue, metric: Metric, write: Literal, suffix: str = "") -> str:
    """Return a metric's aggregate expression.

    Parameters
    ----------
    write
        How values of its filters are written.
    suffix
        A combinator of aggregate functions, of metrics of a single measure alone.
    """
    parts = [aggregate(catalogue, catalogue.metrics[name], write) for name in metric.inputs]
    if metric.kind is Kind.RATIO:
        return f"{parts[0]} / nullIf({parts[1]}, 0)"
    if metric.kind is Kind.DERIVED:
        return _derived(metric, dict(zip(metric.inputs, parts, strict=True)))
    model = catalogue.model_of(metric)
    measure = model.measures[metric.measure]
    arguments = [measure.expression]
    if metric.conditions:
        arguments.append(
            " and ".join(
                f"{model.dimensions[c.dimension].expression} {c.operator} {write(c.value)}"
                for c in metric.conditions
            )
        )
        suffix = f"If{suffix}"
    return f"{_FUNCTIONS[measure.aggregation]}{suffix}({', '.join(arguments)})"


def merged(catalogue: Catalogue, metric: Metric, state: str) -> str:
    """Return the value of states of a metric of a single measure."""
    measure = catalogue.model_of(metric).measures[metric.measure]
    combinator = "IfMerge" if metric.conditions else "Merge"
    return f"{_FUNCTIONS[measure.aggregation]}{combinator}({state})"


def _derived(metric: Metric, parts: dict[str, str]) -> str:
    """Put the parts into the arithmetic; what is divided by is null where it is zero."""
    expression = _DIVISOR.sub(r"/ nullIf(\1, 0)", metric.expression)
    names = "|".join(sorted(parts, key=len, reverse=True))
    return re.sub(rf"\b({names})\b", lambda match: f"({parts[match.group()]})", expression)
