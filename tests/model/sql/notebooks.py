"""Notebooks, run from the first cell to the last in a kernel, as JupyterLab runs them."""

from __future__ import annotations

import json
import os
from ast import literal_eval
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[3] / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))
TIMEOUT_S = 600
ASKED = {
    "carbon": {
        "order": "order_id",
        "ledger_ug": "total_ug",
        "mart_ug": "int(in_the_mart)",
        "computed_ug": "computed_ug",
        "by_part": "by_part.to_dict()",
    },
    "fraud": {
        "scored": "len(scored)",
        "precision": "precision.to_dict('records')",
        "reviewed": "[len(reviewed), int(reviewed['is_fraud'].sum())]",
    },
    "metrics": {
        "overview": "overview['value'].to_dict()",
        "departments": "departments.to_dict()",
        "bounds": "[f'{day:%Y-%m-%d}' for day in (since, until)]",
        "days": "len(both)",
        "differing": "differing.to_dict('split')['data']",
    },
}
"""By notebook what is looked at after it ran: expressions over its variables."""


@dataclass(frozen=True)
class Executed:
    """What came of a notebook: how many pictures it drew, and what was looked at."""

    pictures: int
    values: dict[str, Any]


def execute(name: str, warehouse: str) -> Executed:
    """Run a notebook.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails; the message has the cell and its error.
    """
    asked = ", ".join(f"{key!r}: {expression}" for key, expression in ASKED[name].items())
    last = f"\n# %%\nimport json\n\njson.dumps({{{asked}}}, default=float)\n"
    notebook = jupytext.reads((FOLDER / f"{name}.py").read_text("utf-8") + last, "py:percent")
    place = {"metadata": {"path": str(FOLDER)}}
    client = NotebookClient(notebook, timeout=TIMEOUT_S, kernel_name="python3", resources=place)
    client.execute(env=os.environ | {"CLICKHOUSE_URL": warehouse})
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    shown = [output["data"] for output in outputs if "data" in output]
    values = json.loads(literal_eval(shown[-1]["text/plain"]))
    return Executed(sum("image/png" in data for data in shown), values)
