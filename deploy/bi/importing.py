"""Bring what is described into a running Superset."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from deploy.bi.bundle import DATABASE_FILE, database_file, files, packed
from deploy.bi.charts import overlay
from deploy.bi.description import FOLDER, Boards, Dataset, DescriptionError, Series
from deploy.bi.identity import identity
from deploy.bi.settings import BiSettings
from deploy.bi.superset_api import Superset
from pipelines.warehouse import connect

FRESH = timedelta(days=7)
"""A store whose newest order is older is looked at as it was then."""
READERS = ("analyst", "executive")
"""The roles that see the dashboards."""
_LAYER = "Holidays"
_MODELS = Path(__file__).resolve().parents[2] / "dbt" / "models"
OnStep = Callable[[str], None]


def described_columns(boards: Boards) -> dict[str, dict[str, str]]:
    """Return what dbt says of the columns of each dataset that is a model of it."""
    told: dict[str, dict[str, str]] = {}
    for path in _MODELS.rglob("*.yml"):
        for model in yaml.safe_load(path.read_text("utf-8")).get("models", []):
            told[model["name"]] = {
                column["name"]: column["description"] for column in model.get("columns", [])
            }
    tables = {
        name: dataset.table.rpartition(".")[2]
        for name, dataset in boards.datasets.items()
        if dataset.table
    }
    return {name: told[table] for name, table in tables.items() if table in told}


def column_types(client: Client, name: str, dataset: Dataset) -> dict[str, str]:
    """Ask the warehouse what a dataset consists of.

    Raises
    ------
    DescriptionError
        If it cannot be read; the message names the dataset and the warehouse's reason.
    """
    source = dataset.table if dataset.table else f"({dataset.sql})"
    try:
        rows = client.query(f"DESCRIBE TABLE {source}").result_rows
    except ClickHouseError as error:
        field = "table" if dataset.table else "sql"
        raise DescriptionError(
            f"datasets/{name}.yml: {field}: the warehouse cannot read it: {error}\n"
            "Tables of the marts are there once they were built, as by `ecomarket demo`."
        ) from error
    return {row[0]: row[1] for row in rows}


def time_range(newest: date | None, weeks: int, today: date) -> str:
    """Return so many weeks in Superset's words.

    Parameters
    ----------
    newest
        Day of the newest order; None if there is none.
    weeks
        How many.
    today
        The day of the import.

    Returns
    -------
    The weeks up to now, which go along with the time; or, where the newest order is more than a
    week old, the weeks up to its day, so that a store of the past is seen as it was.
    """
    span = timedelta(weeks=weeks)
    if newest is None or today - newest <= FRESH:
        return f'DATEADD(DATETIME("today"), -{span.days}, day) : DATEADD(DATETIME("today"), 1, day)'
    end = newest + timedelta(days=1)
    return f"{end - span} : {end}"


def ensure_layer(superset: Superset, happened: Mapping[str, Iterable[date]]) -> int:
    """Make the layer of annotations what is written down, and return its id."""
    layers = {
        layer["name"]: layer["id"] for layer in superset.all("annotation_layer", "id", "name")
    }
    number: int
    if _LAYER in layers:
        number = layers[_LAYER]
    else:
        body = {"name": _LAYER, "descr": "Days that explain a line's peaks and gaps"}
        number = superset.ask("POST", "/api/v1/annotation_layer/", json=body)["id"]
    resource = f"annotation_layer/{number}/annotation"
    # Superset wants each of a layer's descriptions once.
    wanted = {(f"{title} {day:%Y}", str(day)) for title, days in happened.items() for day in days}
    for there in superset.all(resource, "id", "short_descr", "start_dttm"):
        key = (there["short_descr"], there["start_dttm"][:10])
        if key in wanted:
            wanted.discard(key)
        else:
            superset.ask("DELETE", f"/api/v1/{resource}/{there['id']}")
    for title, day in sorted(wanted):
        at = f"{day}T00:00:00"
        body = {"short_descr": title, "start_dttm": at, "end_dttm": at, "long_descr": ""}
        superset.ask("POST", f"/api/v1/{resource}/", json=body)
    return number


def _annotate(superset: Superset, boards: Boards, layer: int) -> None:
    """Draw the layer over the charts that want it: an import takes references to layers out."""
    uuids = {
        identity("chart", name, chart.title)
        for name, board in boards.dashboards.items()
        for chart in board.charts
        if isinstance(chart, Series) and chart.annotated
    }
    for row in superset.all("chart", "id", "uuid", "params"):
        if row["uuid"] in uuids:
            drawn = json.loads(row["params"]) | {"annotation_layers": [overlay(layer)]}
            body = {"params": json.dumps(drawn)}
            superset.ask("PUT", f"/api/v1/chart/{row['id']}", json=body)


def _show_to_readers(superset: Superset, boards: Boards) -> None:
    roles = {role["name"]: role["id"] for role in superset.all("security/roles", "id", "name")}
    given = {"roles": [roles[name] for name in READERS]}
    for row in superset.all("dashboard", "id", "slug"):
        if row["slug"] in boards.dashboards:
            superset.ask("PUT", f"/api/v1/dashboard/{row['id']}", json=given)


def _remove_gone(superset: Superset, made: Mapping[str, Any]) -> None:
    """Delete what an earlier import brought, and is described no more."""
    uuids = {file["uuid"] for file in made.values() if "uuid" in file}
    for resource in ("dashboard", "chart"):
        for row in superset.all(resource, "id", "uuid", "is_managed_externally"):
            if row["is_managed_externally"] and row["uuid"] not in uuids:
                superset.ask("DELETE", f"/api/v1/{resource}/{row['id']}")


def bring(boards: Boards, settings: BiSettings, on_step: OnStep = lambda step: None) -> None:
    """Import everything; doing it again overwrites it with the same.

    Parameters
    ----------
    boards
        What is described.
    settings
        Where Superset and the warehouse are.
    on_step
        Told what is done next.

    Raises
    ------
    DescriptionError
        If the warehouse cannot read a dataset.
    SupersetError
        If Superset refuses something.
    """
    warehouse = urlsplit(settings.bi_warehouse_url)
    host = warehouse.netloc.rpartition("@")[2]
    secure = "?secure=true" if warehouse.scheme == "https" else ""
    uri = f"clickhousedb://{warehouse.username}:XXXXXXXXXX@{host}/marts{secure}"
    on_step("asks the warehouse what there is")
    with connect(settings.bi_warehouse_url) as client:
        types = {
            name: column_types(client, name, dataset) for name, dataset in boards.datasets.items()
        }
        [[newest]] = client.query("SELECT maxOrNull(order_date) FROM marts.fct_orders").result_rows
    today = datetime.now(UTC).date()
    ranges = {
        weeks: time_range(newest, weeks, today)
        for board in boards.dashboards.values()
        if (weeks := board.weeks) is not None
    }
    password = settings.bi_admin_password.get_secret_value()
    with Superset(settings.bi_url, "admin", password) as superset:
        on_step("writes the annotations")
        happened = yaml.safe_load((FOLDER / "annotations.yml").read_text("utf-8"))
        layer = ensure_layer(superset, happened)
        on_step(f"writes {len(boards.datasets)} datasets, {len(boards.dashboards)} dashboards")
        database = database_file(uri)
        made = files(boards, database, types, described_columns(boards), ranges)
        superset.put_assets(packed(made), {DATABASE_FILE: unquote(warehouse.password or "")})
        _annotate(superset, boards, layer)
        on_step(f"shows them to {' and '.join(READERS)}")
        _show_to_readers(superset, boards)
        _remove_gone(superset, made)
