"""The report names what does not add up."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.report import BrokenError, broken_invariants, gather

TOTALS = {"baskets": 2, "households": 1, "stores": 1, "products": 3, "sales_minor": 400}
SOUND: dict[str, Any] = {
    "totals": {"source": TOTALS, "fct_orders": TOTALS},
    "live_orders": {"accepted_by_the_api": 1, "in_postgresql": 1, "in_fct_orders": 1},
    "ledger": [{"subject": "orders", "table": "marts.fct_orders", "differing": []}],
    "raw": {"orders": {"rows": 2, "events": 2}},
    "models": [{"family": "fraud", "state": "ready"}],
    "latencies": {"GET /v1/models": {"p50_ms": 1.0, "failures": 0}},
}


def test_sound_figures_break_nothing() -> None:
    assert broken_invariants(SOUND) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda f: f["totals"].update(fct_orders={**TOTALS, "sales_minor": 399}), "totals"),
        (lambda f: f["live_orders"].update(in_postgresql=2), "live_orders"),
        (lambda f: f["ledger"][0]["differing"].append("order 7: 1, 2"), "order 7"),
        (lambda f: f["raw"]["orders"].update(rows=3), "raw.orders"),
        (lambda f: f["models"][0].update(state="missing"), "fraud is missing"),
        (lambda f: f["latencies"]["GET /v1/models"].update(failures=1), "GET /v1/models"),
    ],
)
def test_each_broken_invariant_is_named(
    change: Callable[[dict[str, Any]], None], named: str
) -> None:
    found = deepcopy(SOUND)
    change(found)
    (message,) = broken_invariants(found)
    assert named in message


def test_a_report_without_a_demo_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(BrokenError, match="ecomarket demo"):
        gather({}, tmp_path)
