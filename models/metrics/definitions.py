"""What a semantic model and a metric are, once they were read and found sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class DefinitionError(ValueError):
    """A definition breaks a rule; the message names the metric or model, the field and the rule."""


class Aggregation(StrEnum):
    """How a measure's rows become one number."""

    SUM = "sum"
    COUNT = "count"
    COUNT_DISTINCT = "count_distinct"


class Kind(StrEnum):
    """What a metric is made of."""

    SIMPLE = "simple"
    RATIO = "ratio"
    DERIVED = "derived"
    CUMULATIVE = "cumulative"


@dataclass(frozen=True)
class Dimension:
    """By what a metric can be split: a column of the table, or an expression of columns."""

    name: str
    expression: str
    description: str


@dataclass(frozen=True)
class Measure:
    """What is added up or counted.

    Parameters
    ----------
    expression
        SQL over the columns of the model's table.
    """

    name: str
    aggregation: Aggregation
    expression: str


@dataclass(frozen=True)
class SemanticModel:
    """A table of the marts with what can be asked of it.

    Parameters
    ----------
    table
        Qualified, ``schema.name``.
    entity
        What a row is; names of its dimensions in filters begin with it.
    day
        Column with the UTC day that a row belongs to.
    """

    name: str
    table: str
    description: str
    entity: str
    day: str
    dimensions: Mapping[str, Dimension]
    measures: Mapping[str, Measure]


@dataclass(frozen=True)
class Condition:
    """A comparison that every row of a metric fulfils."""

    dimension: str
    operator: str
    value: str | int


@dataclass(frozen=True)
class Metric:
    """A figure.

    Parameters
    ----------
    inputs
        Of a ratio the numerator and the denominator, of a derived metric those in its expression.
    measure
        Of a simple or cumulative metric; empty otherwise.
    expression
        Arithmetic over the names of the inputs of a derived metric; empty otherwise.
    window_days
        Of a cumulative metric: days up to the one that is asked for, that one included; 0 if it
        begins with its period.
    to_date
        Of a cumulative metric without window: the period whose begin it counts from.
    conditions
        All of them hold for each row.
    """

    name: str
    label: str
    description: str
    kind: Kind
    unit: str
    owner: str
    model: str
    inputs: tuple[str, ...] = ()
    measure: str = ""
    expression: str = ""
    window_days: int = 0
    to_date: str = ""
    conditions: tuple[Condition, ...] = ()
