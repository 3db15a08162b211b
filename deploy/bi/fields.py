"""A dataset's columns and metrics, said in Superset's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deploy.bi.charts import FORMATS, GREAT, Params, currency
from deploy.bi.description import Calculated, Dataset, Metric


def metric_file(metric: Metric) -> Params:
    """Return a metric as the file of its dataset states it."""
    return {
        # Not the short name: ClickHouse takes `sum(units) AS units` for the column everywhere else.
        "metric_name": metric.label,
        "verbose_name": metric.label,
        "expression": metric.sql,
        "description": metric.description,
        # It would go before the shorter one of an axis.
        "d3format": None if metric.unit in GREAT else FORMATS[metric.unit],
        "currency": currency(metric.unit),
        "metric_type": None,
        "extra": {},
        "warning_text": None,
    }


def _spoken(column: str) -> str:
    return "SKU" if column == "sku" else column.replace("_", " ").capitalize()


def column_files(
    dataset: Dataset, types: Mapping[str, str], told: Mapping[str, str]
) -> Sequence[Params]:
    """Return a dataset's columns as its file states them.

    Parameters
    ----------
    dataset
        It, with the columns that are calculated.
    types
        The warehouse's type of each column that there is.
    told
        What is known of columns, by their names.
    """

    def column(name: str, type_: str, label: str | None, expression: str | None) -> Params:
        plain = type_.removeprefix("LowCardinality(").removeprefix("Nullable(")
        return {
            "column_name": name,
            "verbose_name": label,
            "type": type_,
            "is_dttm": plain.startswith("Date"),
            "is_active": True,
            "groupby": not plain.startswith(("Array", "Map", "Tuple")),
            "filterable": True,
            "expression": expression,
            "description": told.get(name),
            "python_date_format": None,
            "extra": {},
        }

    def calculated(name: str, value: Calculated) -> Params:
        return column(name, value.type, value.label, value.sql)

    return [
        *(column(name, type_, _spoken(name), None) for name, type_ in types.items()),
        *(calculated(name, value) for name, value in dataset.columns.items()),
    ]
