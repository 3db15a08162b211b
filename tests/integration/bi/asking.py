"""One number, asked of the command, of the API, and of what a browser shows of Superset."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import Locator, Response
from typer.testing import CliRunner

from deploy.marts.cli import metrics as command

_SHORT = {"": 1, "k": 1e3, "M": 1e6}


def answer_for(
    metric: str, columns: list[str], value: str, path: str = "/api/v1/chart/data"
) -> Callable[[Response], bool]:
    """Tell the answer to a question for a metric, laid out by columns, of what has a value."""

    def told(answer: Response) -> bool:
        if path not in answer.url:
            return False
        [query, *_] = json.loads(answer.request.post_data or "{}")["queries"]
        alone = any(one.get("val") in (value, [value]) for one in query["filters"])
        return alone and metric in query["metrics"] and query["columns"] == columns

    return told


def number(tile: Locator) -> float:
    """Return the first amount on a tile, as 41400 for "$ 41.4k"."""
    found = re.search(r"\$\s*([\d.]+)([kM]?)", tile.inner_text())
    assert found, tile.inner_text()
    return float(found[1]) * _SHORT[found[2]]


def shown_by_command(warehouse: str, name: str, *bounds: str) -> float | None:
    done = CliRunner().invoke(
        command, ["query", name, *bounds, "--json"], env={"CLICKHOUSE_URL": warehouse}
    )
    assert done.exit_code == 0, done.output
    [row] = json.loads(done.stdout)["rows"]
    value: float | None = row["value"]
    return value


def laid_out(api: httpx.Client, name: str, **asked: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (
        api.get(f"/v1/metrics/{name}", params=asked).raise_for_status().json()["rows"]
    )
    return rows


def answered(api: httpx.Client, name: str, **asked: str) -> float | None:
    [row] = laid_out(api, name, **asked)
    value: float | None = row["value"]
    return value
