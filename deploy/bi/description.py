"""What the dashboards' files say: datasets, their metrics, and rows of charts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from deploy.marts.catalogue import load
from models.metrics import Catalogue, DefinitionError, SavedMetric, saved_metric

FOLDER = Path(__file__).parent
COLUMNS = 12
"""Of a dashboard's grid; the widths of a row's charts add up to it."""

Unit = Literal["usd", "cents", "count", "decimal", "share", "kg", "ms", "seconds", "when"]
Grain = Literal["second", "minute", "hour", "day", "week", "month"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Column = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_ ]*$")]


class DescriptionError(Exception):
    """A file breaks a rule; the message names the file, the field and the rule."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Metric(_Strict):
    """A number that is computed in one way only."""

    label: str = Field(pattern=r"^[A-Z0-9][^%:]*$")
    """Superset's name of it, which no column has: these are written small."""
    sql: str
    unit: Unit
    description: str = ""


def divisor(unit: str) -> int:
    """Return by what charts divide a metric of ``dbt/metrics``, to show dollars and kilograms."""
    if unit.startswith("minor units"):
        return 100
    return 10**9 if unit.startswith("µg") else 1


def _shown(saved: SavedMetric) -> Metric:
    """Return a metric as charts show it."""
    is_mean = " per " in saved.unit
    unit: Unit
    if saved.unit.startswith("minor units"):
        unit = "cents" if is_mean else "usd"
    elif saved.unit == "share":
        unit = "share"
    elif is_mean:
        unit = "decimal"
    else:
        unit = "kg" if saved.unit.startswith(("kg", "µg")) else "count"
    by = divisor(saved.unit)
    expression = f"({saved.expression}) / {by}" if by > 1 else saved.expression
    return Metric(label=saved.label, sql=expression, unit=unit, description=saved.description)


class Calculated(_Strict):
    """A column that is computed from others."""

    label: str
    sql: str
    type: Literal["String", "DateTime"] = "String"


class Dataset(_Strict):
    """What charts ask: a table, or a query."""

    description: str
    table: str | None = Field(default=None, pattern=r"^\w+\.\w+$")
    sql: str | None = None
    time: Column | None = None
    defined: list[Name] = Field(default_factory=list)
    """Metrics of ``dbt/metrics``, which everybody computes in the same way."""
    metrics: Mapping[Name, Metric] = Field(default_factory=dict)
    columns: Mapping[Column, Calculated] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.table is None) == (self.sql is None):
            raise ValueError("either `table` or `sql` is given")
        return self

    def completed(self, catalogue: Catalogue) -> Self:
        """Return it with the metrics that are defined elsewhere among its own.

        Raises
        ------
        DescriptionError
            If there is no such metric, or it is of another table or day; the message has no file.
        """
        found = dict(self.metrics)
        for name in self.defined:
            try:
                saved = saved_metric(catalogue, name)
            except DefinitionError as error:
                raise DescriptionError(f"defined: {error}") from error
            if (saved.table, saved.day) != (self.table, self.time):
                raise DescriptionError(
                    f"defined: {name} is of {saved.table} by {saved.day}, "
                    f"and not of {self.table} by {self.time}"
                )
            found[name] = _shown(saved)
        return self.model_copy(update={"metrics": found})


class _Chart(_Strict):
    title: str
    dataset: Name
    width: int = Field(ge=2, le=COLUMNS)
    where: str = ""
    always: bool = False
    """Whether it shows all there is, whatever time the dashboard is set to."""
    note: str = ""


class Number(_Chart):
    """One number, and how much it differs from the period before."""

    kind: Literal["number"]
    metric: Name
    compare: bool = True
    subtitle: str = ""


class Series(_Chart):
    """Metrics over time."""

    kind: Literal["lines", "area", "columns"]
    metrics: list[Name] = Field(min_length=1)
    grain: Grain
    time: Column | None = None
    by: Column | None = None
    before: str = Field(default="", pattern=r"^(\d+ days ago)?$")
    """Draws the same metrics of so long ago beside them."""
    annotated: bool = False
    stacked: bool | None = None
    """Said of areas and columns; if left out, those of one metric by a dimension are."""
    limit: int = Field(default=8, ge=1, le=50)


class Bars(_Chart):
    """Metrics by a dimension, the greatest first unless its values have an order of their own."""

    kind: Literal["bars"]
    metrics: list[Name] = Field(min_length=1)
    by: Column
    split: Column | None = None
    ordered: bool = False
    """Whether the values of `by` follow each other in their order."""
    stacked: bool | None = None
    """If left out, those of one metric are that are split."""
    limit: int = Field(default=10, ge=1, le=50)


class Table(_Chart):
    """Metrics by dimensions, to the number."""

    kind: Literal["table"]
    by: list[Column] = Field(min_length=1)
    metrics: list[Name] = Field(min_length=1)
    sort: Name | None = None
    limit: int = Field(default=20, ge=1, le=1000)
    empty: bool = False
    """Whether it is right that there may be nothing to show."""


class Funnel(_Chart):
    """How many are left after each step."""

    kind: Literal["funnel"]
    metric: Name
    by: Column


class Heat(_Chart):
    """A metric by two dimensions, told by colour."""

    kind: Literal["heat"]
    metric: Name
    x: Column
    y: Column
    values: bool = False
    """Whether each cell is told to the number, too."""


Chart = Annotated[
    Number | Series | Bars | Table | Funnel | Heat,
    Field(discriminator="kind"),
]


class Row(_Strict):
    """Charts beside each other; the height is in eighths of 100 pixels."""

    height: int = Field(ge=4, le=80)
    charts: list[Chart] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        width = sum(chart.width for chart in self.charts)
        if width != COLUMNS:
            raise ValueError(f"the widths add up to {width}, not to {COLUMNS}")
        return self


class Filter(_Strict):
    """A choice that all charts of a dashboard follow."""

    title: str
    dataset: Name
    column: Column


class Dashboard(_Strict):
    """One dashboard; its file's name is its address."""

    title: str
    description: str
    text: str
    """Markdown at its top: what is shown, and how to read it."""
    weeks: int | None = Field(default=None, ge=1)
    """So many weeks are shown at first; none if it has no choice of time."""
    refresh_s: int = Field(default=0, ge=0)
    filters: list[Filter] = Field(default_factory=list)
    rows: list[Row] = Field(min_length=1)

    @property
    def charts(self) -> list[Chart]:
        """All of its charts, row by row."""
        return [chart for row in self.rows for chart in row.charts]


class Boards(BaseModel):
    """All that is described, each by the name of its file."""

    datasets: Mapping[str, Dataset]
    dashboards: Mapping[str, Dashboard]


_Described = TypeVar("_Described", Dataset, Dashboard)


def _read(folder: Path, kind: type[_Described]) -> dict[str, _Described]:
    found = {}
    for path in sorted(folder.glob("*.yml")):
        try:
            found[path.stem] = kind.model_validate(yaml.safe_load(path.read_text("utf-8")))
        except yaml.YAMLError as error:
            raise DescriptionError(f"{path}: is no YAML: {error}") from error
        except ValidationError as error:
            rules = (
                f"{path}: {'.'.join(map(str, problem['loc'])) or 'the file'}: {problem['msg']}"
                for problem in error.errors()
            )
            raise DescriptionError("\n".join(rules)) from error
    return found


def _used(chart: Chart) -> list[str]:
    return [chart.metric] if isinstance(chart, Number | Funnel | Heat) else list(chart.metrics)


def read(folder: Path = FOLDER) -> Boards:
    """Read ``datasets/*.yml`` and ``dashboards/*.yml`` of a folder.

    Raises
    ------
    DescriptionError
        If a file breaks a rule, or a chart names a dataset or metric that there is not.
    """
    catalogue = load()
    datasets = {}
    for name, dataset in _read(folder / "datasets", Dataset).items():
        try:
            datasets[name] = dataset.completed(catalogue)
        except DescriptionError as error:
            raise DescriptionError(f"{folder / 'datasets' / name}.yml: {error}") from error
    for name, dataset in datasets.items():
        labels = [metric.label for metric in dataset.metrics.values()]
        if twice := {label for label in labels if labels.count(label) > 1}:
            where = f"{folder / 'datasets' / name}.yml"
            raise DescriptionError(f"{where}: metrics: two have the label {min(twice)}")
    boards = Boards(datasets=datasets, dashboards=_read(folder / "dashboards", Dashboard))
    for name, dashboard in boards.dashboards.items():
        where = f"{folder / 'dashboards' / name}.yml"
        for named in (*dashboard.filters, *dashboard.charts):
            asked = boards.datasets.get(named.dataset)
            if asked is None:
                known = ", ".join(boards.datasets)
                raise DescriptionError(
                    f"{where}: {named.title}: dataset: {named.dataset} is none of {known}"
                )
            for metric in [] if isinstance(named, Filter) else _used(named):
                if metric not in asked.metrics:
                    known = ", ".join(asked.metrics)
                    raise DescriptionError(
                        f"{where}: {named.title}: metric {metric} is none of {known} "
                        f"of the dataset {named.dataset}"
                    )
        titles = [chart.title for chart in dashboard.charts]
        if twice := {title for title in titles if titles.count(title) > 1}:
            raise DescriptionError(f"{where}: two charts have the title {min(twice)}")
    return boards
