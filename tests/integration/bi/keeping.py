"""What Superset keeps, and what is asked of it over its API."""

from __future__ import annotations

from deploy.bi.superset_api import Superset
from tests.integration.bi.conftest import Running

Kept = dict[str, list[tuple[int, str, str]]]


def everything(running: Running) -> Kept:
    """Id, UUID and title of all that Superset keeps."""
    with running.signed_in("admin") as admin:
        return {
            kind: sorted(
                (row["id"], row["uuid"], row[title]) for row in admin.all(kind, "id", "uuid", title)
            )
            for kind, title in (
                ("dashboard", "dashboard_title"),
                ("chart", "slice_name"),
                ("dataset", "table_name"),
                ("database", "database_name"),
            )
        }


def names(kept: Kept) -> dict[str, set[tuple[str, str]]]:
    return {kind: {row[1:] for row in rows} for kind, rows in kept.items()}


def dataset_of(running: Running, name: str) -> int:
    """Superset's id of the dataset that stands for a table."""
    with running.signed_in("admin") as admin:
        rows = admin.all("dataset", "id", "table_name")
    number: int = next(row["id"] for row in rows if row["table_name"] == name)
    return number


def run_sql(superset: Superset, database: int, sql: str) -> list[dict[str, object]]:
    body = {"database_id": database, "sql": sql, "runAsync": False, "schema": "marts"}
    rows: list[dict[str, object]] = superset.ask("POST", "/api/v1/sqllab/execute/", json=body)[
        "data"
    ]
    return rows


def orders_of(dataset: int) -> dict[str, object]:
    query = {"metrics": ["Orders"], "columns": [], "filters": []}
    return {"datasource": {"id": dataset, "type": "table"}, "queries": [query]}


def database_of(superset: Superset) -> int:
    [row] = superset.all("database", "id")
    number: int = row["id"]
    return number
