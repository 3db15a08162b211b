"""How each kind of chart is said in Superset's words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import singledispatch
from typing import Any

from deploy.bi.description import (
    Bars,
    Chart,
    Dataset,
    Funnel,
    Grain,
    Heat,
    Metric,
    Number,
    Series,
    Table,
    Unit,
)

Params = dict[str, Any]
USD = {"symbol": "USD", "symbolPosition": "prefix"}
FORMATS: Mapping[Unit, str] = {
    "usd": ",.0f",
    "cents": ",.2f",
    "count": ",.0f",
    "decimal": ",.2f",
    "share": ".1%",
    "kg": ",.0f",
    "ms": ",.1f",
    "seconds": ",.1f",
    "when": "smart_date",
}
"""Of d3 (https://d3js.org/d3-format), by unit; ``usd`` are whole dollars, ``cents`` exact ones."""
GREAT: Collection[Unit] = {"usd", "count", "kg"}
"""Units of which there may be millions."""
MOMENT = "%Y-%m-%d %H:%M:%S"
PALETTE, SHADES = "ecomarket", "ecomarket_green"
LABELS: Mapping[str, str] = {
    "today": "#0F766E",
    "a week ago": "#9CA3AF",
    "web": "#0F766E",
    "till": "#E69F00",
    "Emissions": "#0F766E",
    "At least": "#9CA3AF",
    "At most": "#9CA3AF",
    "New": "#0F766E",
    "Returned": "#E69F00",
    "Churned": "#D55E00",
}
"""Colours of what means the same on every chart; what is only beside it is grey."""
_GRAINS: Mapping[Grain, str] = {
    "second": "PT1S",
    "minute": "PT1M",
    "hour": "PT1H",
    "day": "P1D",
    "week": "P1W",
    "month": "P1M",
}
_TIMES: Mapping[Grain, str] = {
    "second": "%H:%M:%S",
    "minute": "%H:%M",
    "hour": "%d %b %H:%M",
    "day": "%d %b",
    "week": "%d %b",
    "month": "%b %Y",
}
"""Of d3 (https://d3js.org/d3-time-format)."""
_VIEWS = {
    "lines": "echarts_timeseries_line",
    "area": "echarts_area",
    "columns": "echarts_timeseries_bar",
}


def currency(unit: Unit) -> Mapping[str, str] | None:
    """Return what stands before an amount, or None for what is no money."""
    return USD if unit in {"usd", "cents"} else None


def params(chart: Chart, dataset: Dataset) -> Params:
    """Return a chart's settings.

    Parameters
    ----------
    chart
        What is drawn.
    dataset
        What it asks.
    """
    return _params(chart, dataset) | {"adhoc_filters": _filters(chart, dataset)}


def _filters(chart: Chart, dataset: Dataset) -> list[Params]:
    filters: list[Params] = []
    time = chart.time if isinstance(chart, Series) and chart.time else dataset.time
    if time and not chart.always:
        filters.append(
            {
                "expressionType": "SIMPLE",
                "clause": "WHERE",
                "subject": time,
                "operator": "TEMPORAL_RANGE",
                "comparator": "No filter",
            }
        )
    if chart.where:
        filters.append({"expressionType": "SQL", "clause": "WHERE", "sqlExpression": chart.where})
    return filters


def overlay(layer: int) -> Params:
    """Return how the layer of that id is drawn over a line."""
    return {
        "name": "Holidays",
        "annotationType": "EVENT",
        "sourceType": "NATIVE",
        "value": layer,
        "style": "dashed",
        "width": 1,
        "opacity": "opacityMedium",
        "color": "#6B7280",
        "show": True,
        "showLabel": True,
        "showMarkers": False,
        "hideLine": False,
        "overrides": {"time_range": None},
    }


def _exact(metric: Metric) -> Params:
    return {"y_axis_format": FORMATS[metric.unit], "currency_format": currency(metric.unit)}


def _axis(metric: Metric) -> Params:
    """Return how a scale is labelled: 41,368 would not fit where 41.4k does."""
    short = "SMART_NUMBER" if metric.unit in GREAT else FORMATS[metric.unit]
    return {"y_axis_format": short, "currency_format": currency(metric.unit)}


def _labels(dataset: Dataset, names: Sequence[str]) -> list[str]:
    return [dataset.metrics[name].label for name in names]


@singledispatch
def _params(chart: object, dataset: Dataset) -> Params:
    raise NotImplementedError(type(chart).__name__)


@_params.register
def _(chart: Number, dataset: Dataset) -> Params:
    metric = dataset.metrics[chart.metric]
    shown = {"metric": metric.label, "header_font_size": 0.5, "subheader_font_size": 0.15}
    shown |= _exact(metric) | {"subtitle": chart.subtitle, "subtitle_font_size": 0.2}
    if metric.unit == "when":
        shown |= {"time_format": "%d %b %Y, %H:%M:%S", "force_timestamp_formatting": True}
    if not (chart.compare and dataset.time):
        return shown | {"viz_type": "big_number_total"}
    return (
        shown
        | _axis(metric)
        | {
            "viz_type": "pop_kpi",
            "header_font_size": 0.4,
            "subheader_font_size": 0.125,
            "subtitle_font_size": 0.3,
            "time_compare": "inherit",
            "comparison_color_enabled": False,
            "percentDifferenceFormat": "+.1%",
            "show_metric_name": False,
        }
    )


@_params.register
def _(chart: Series, dataset: Dataset) -> Params:
    metric = dataset.metrics[chart.metrics[0]]
    stacked = bool(chart.by) if chart.stacked is None else chart.stacked
    stacked = stacked and chart.kind != "lines"
    drawn = {
        "viz_type": _VIEWS[chart.kind],
        "x_axis": chart.time or dataset.time,
        "time_grain_sqla": _GRAINS[chart.grain],
        "metrics": _labels(dataset, chart.metrics),
        "groupby": [chart.by] if chart.by else [],
        "limit": chart.limit if chart.by else None,
        "timeseries_limit_metric": metric.label if chart.by else None,
        "order_desc": True,
        "row_limit": 10_000,
        "truncate_metric": True,
        "show_legend": bool(chart.by or chart.before or len(chart.metrics) > 1),
        "legendType": "scroll",
        "legendOrientation": "top",
        "rich_tooltip": True,
        "showTooltipTotal": stacked,
        "x_axis_time_format": _TIMES[chart.grain],
        "tooltipTimeFormat": _TIMES[chart.grain],
        "color_scheme": PALETTE,
        "seriesType": "line",
        "only_total": True,
        "opacity": 0.35 if chart.kind == "area" else 0.2,
        "stack": "Stack" if stacked else None,
        "truncateXAxis": True,
        "y_axis_bounds": [None, None],
        "truncateYAxis": False,
    }
    if chart.before:
        drawn |= {"time_compare": [chart.before], "comparison_type": "values"}
    return drawn | _axis(metric)


def _sort(chart: Bars, dataset: Dataset) -> str | None:
    if chart.split:
        return None
    return chart.by if chart.ordered else dataset.metrics[chart.metrics[0]].label


@_params.register
def _(chart: Bars, dataset: Dataset) -> Params:
    stacked = bool(chart.split) if chart.stacked is None else chart.stacked
    return {
        "viz_type": "echarts_timeseries_bar",
        "x_axis": chart.by,
        "xAxisForceCategorical": True,
        "orientation": "horizontal",
        "metrics": _labels(dataset, chart.metrics),
        "groupby": [chart.split] if chart.split else [],
        "row_limit": chart.limit if not chart.split else 1000,
        "order_desc": True,
        # It is drawn from below, and read from above.
        "x_axis_sort_asc": not chart.ordered,
        "x_axis_sort_series": "name" if chart.ordered else "sum",
        "x_axis_sort_series_ascending": not chart.ordered,
        "stack": "Stack" if stacked else None,
        "x_axis_sort": _sort(chart, dataset),
        "show_value": not stacked and len(chart.metrics) == 1,
        "show_legend": bool(chart.split or len(chart.metrics) > 1),
        "legendOrientation": "top",
        "legendType": "scroll",
        "rich_tooltip": True,
        "truncate_metric": True,
        "color_scheme": PALETTE,
        "y_axis_bounds": [None, None],
    } | _axis(dataset.metrics[chart.metrics[0]])


@_params.register
def _(chart: Table, dataset: Dataset) -> Params:
    return {
        "viz_type": "table",
        "query_mode": "aggregate",
        "groupby": chart.by,
        "metrics": _labels(dataset, chart.metrics),
        "timeseries_limit_metric": dataset.metrics[chart.sort or chart.metrics[0]].label,
        "order_desc": True,
        "row_limit": chart.limit,
        "server_page_length": 10,
        "table_timestamp_format": MOMENT,
        "show_cell_bars": True,
        "color_pn": False,
        "column_config": {
            metric.label: {"d3TimeFormat": MOMENT}
            if metric.unit == "when"
            else {
                "d3NumberFormat": FORMATS[metric.unit],
                "currencyFormat": currency(metric.unit),
            }
            for metric in map(dataset.metrics.__getitem__, chart.metrics)
        },
    }


@_params.register
def _(chart: Funnel, dataset: Dataset) -> Params:
    metric = dataset.metrics[chart.metric]
    # Superset's own funnel puts the greatest first, and so mixes up steps that lose nobody.
    return {
        "viz_type": "echarts_timeseries_bar",
        "x_axis": chart.by,
        "xAxisForceCategorical": True,
        "orientation": "horizontal",
        "metrics": [metric.label],
        "groupby": [],
        "row_limit": 20,
        "x_axis_sort": chart.by,
        "x_axis_sort_asc": False,
        "show_value": True,
        "show_legend": False,
        "color_scheme": PALETTE,
        "y_axis_bounds": [None, None],
    } | _axis(metric)


@_params.register
def _(chart: Heat, dataset: Dataset) -> Params:
    metric = dataset.metrics[chart.metric]
    return {
        "viz_type": "heatmap_v2",
        "x_axis": chart.x,
        "groupby": chart.y,
        "metric": metric.label,
        "row_limit": 10_000,
        "sort_x_axis": "alpha_asc",
        # It is drawn from below, and read from above.
        "sort_y_axis": "alpha_desc",
        "normalize_across": "heatmap",
        "linear_color_scheme": SHADES,
        "legend_type": "continuous",
        "show_legend": True,
        "show_percentage": False,
        "show_values": chart.values,
        "value_bounds": [None, None],
        "xscale_interval": -1,
        "yscale_interval": -1,
    } | _axis(metric)
