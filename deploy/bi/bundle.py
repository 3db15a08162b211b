"""Superset's import files, made from the descriptions."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import yaml

from deploy.bi.charts import LABELS, PALETTE, params
from deploy.bi.description import Boards, Chart, Dashboard, Dataset, Filter
from deploy.bi.fields import column_files, metric_file
from deploy.bi.identity import WAREHOUSE, identity

DATABASE_FILE = "databases/warehouse.yaml"
_TEXT_HEIGHT = 10
_VERSION = "1.0.0"
File = dict[str, Any]


def database_file(uri: str) -> File:
    """Return the warehouse as a database of Superset.

    Parameters
    ----------
    uri
        SQLAlchemy's, with XXXXXXXXXX for the password.
    """
    return {
        "database_name": WAREHOUSE,
        "sqlalchemy_uri": uri,
        "cache_timeout": None,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "extra": {"allows_virtual_table_explore": True, "disable_data_preview": False},
        "uuid": identity("database"),
        "version": _VERSION,
        "is_managed_externally": True,
    }


def dataset_file(
    name: str, dataset: Dataset, types: Mapping[str, str], told: Mapping[str, str]
) -> File:
    """Return a dataset; see `fields.column_files` for its columns' types and descriptions."""
    schema, _, table = (dataset.table or "").rpartition(".")
    return {
        # A query is named after its file, and a table as it is.
        "table_name": table or name,
        "schema": schema or "marts",
        "sql": dataset.sql,
        "main_dttm_col": dataset.time,
        "description": dataset.description,
        "filter_select_enabled": True,
        "columns": column_files(dataset, types, told),
        "metrics": [metric_file(metric) for metric in dataset.metrics.values()],
        "uuid": identity("dataset", name),
        "database_uuid": identity("database"),
        "version": _VERSION,
        "is_managed_externally": True,
    }


def chart_file(dashboard: str, chart: Chart, dataset: Dataset) -> File:
    """Return a chart of a dashboard."""
    settings = params(chart, dataset)
    return {
        "slice_name": chart.title,
        "description": chart.note or None,
        "viz_type": settings["viz_type"],
        "params": settings,
        "query_context": None,
        "uuid": identity("chart", dashboard, chart.title),
        "dataset_uuid": identity("dataset", chart.dataset),
        "version": _VERSION,
        "is_managed_externally": True,
    }


def _filter(number: int, chosen: Filter) -> File:
    return {
        "id": f"NATIVE_FILTER-{number}",
        "type": "NATIVE_FILTER",
        "name": chosen.title,
        "filterType": "filter_select",
        "targets": [
            {
                "column": {"name": chosen.column},
                "datasetUuid": identity("dataset", chosen.dataset),
            }
        ],
        "controlValues": {
            "multiSelect": True,
            "searchAllOptions": True,
            "enableEmptyFilter": False,
        },
        "defaultDataMask": {"extraFormData": {}, "filterState": {}},
        "cascadeParentIds": [],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
    }


def _time_filter(range_: str) -> File:
    return {
        "id": "NATIVE_FILTER-time",
        "type": "NATIVE_FILTER",
        "name": "Time",
        "filterType": "filter_time",
        "targets": [{}],
        "controlValues": {},
        "defaultDataMask": {
            "extraFormData": {"time_range": range_},
            "filterState": {"value": range_},
        },
        "cascadeParentIds": [],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
    }


def _position(name: str, dashboard: Dashboard) -> File:
    rows = [f"ROW-{number}" for number in range(len(dashboard.rows) + 1)]
    placed: File = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": rows, "parents": ["ROOT_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": dashboard.title}},
        "MARKDOWN-text": {
            "type": "MARKDOWN",
            "id": "MARKDOWN-text",
            "children": [],
            "parents": ["ROOT_ID", "GRID_ID", rows[0]],
            "meta": {"width": 12, "height": _TEXT_HEIGHT, "code": dashboard.text},
        },
    }
    contents = [["MARKDOWN-text"]]
    for number, row in enumerate(dashboard.rows, start=1):
        contents.append([])
        for place, chart in enumerate(row.charts):
            key = f"CHART-{number}-{place}"
            contents[-1].append(key)
            placed[key] = {
                "type": "CHART",
                "id": key,
                "children": [],
                "parents": ["ROOT_ID", "GRID_ID", f"ROW-{number}"],
                "meta": {
                    # Superset replaces it by its own.
                    "chartId": number * 100 + place,
                    "uuid": identity("chart", name, chart.title),
                    "sliceName": chart.title,
                    "width": chart.width,
                    "height": row.height,
                },
            }
    for key, children in zip(rows, contents, strict=True):
        placed[key] = {
            "type": "ROW",
            "id": key,
            "children": children,
            "parents": ["ROOT_ID", "GRID_ID"],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
    return placed


def dashboard_file(name: str, dashboard: Dashboard, ranges: Mapping[int, str]) -> File:
    """Return a dashboard.

    Parameters
    ----------
    name
        Its address.
    dashboard
        It.
    ranges
        Superset's time range for so many weeks.
    """
    filters = [_filter(number, chosen) for number, chosen in enumerate(dashboard.filters)]
    if dashboard.weeks is not None:
        filters.insert(0, _time_filter(ranges[dashboard.weeks]))
    return {
        "dashboard_title": dashboard.title,
        "description": dashboard.description,
        "slug": name,
        "css": "",
        "published": True,
        "uuid": identity("dashboard", name),
        "position": _position(name, dashboard),
        "metadata": {
            "color_scheme": PALETTE,
            "cross_filters_enabled": True,
            "refresh_frequency": dashboard.refresh_s,
            # All of its charts at once, and not spread over five seconds.
            "stagger_refresh": False,
            "native_filter_configuration": filters,
            "label_colors": dict(LABELS),
            "timed_refresh_immune_slices": [],
            "expanded_slices": {},
            "default_filters": "{}",
        },
        "version": _VERSION,
        "is_managed_externally": True,
    }


def files(
    boards: Boards,
    database: File,
    types: Mapping[str, Mapping[str, str]],
    told: Mapping[str, Mapping[str, str]],
    ranges: Mapping[int, str],
) -> dict[str, File]:
    """Return every file of an import, by its path.

    Parameters
    ----------
    boards
        What is described.
    database
        See `database_file`.
    types, told
        By dataset, the type and the description of each column.
    ranges
        Superset's time range for so many weeks.
    """
    made: dict[str, File] = {
        "metadata.yaml": {
            "version": _VERSION,
            "type": "assets",
            "timestamp": datetime.now(UTC).isoformat(),
        },
        DATABASE_FILE: database,
    }
    for name, dataset in boards.datasets.items():
        path = f"datasets/warehouse/{name}.yaml"
        made[path] = dataset_file(name, dataset, types[name], told.get(name, {}))
    for name, dashboard in boards.dashboards.items():
        for chart in dashboard.charts:
            file = chart_file(name, chart, boards.datasets[chart.dataset])
            made[f"charts/{file['uuid']}.yaml"] = file
        made[f"dashboards/{name}.yaml"] = dashboard_file(name, dashboard, ranges)
    return made


def packed(made: Mapping[str, File]) -> bytes:
    """Return files as the archive that Superset imports."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, file in made.items():
            text = yaml.safe_dump(file, sort_keys=False, allow_unicode=True)
            archive.writestr(f"bi/{path}", text)
    return content.getvalue()
