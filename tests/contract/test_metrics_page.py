"""The page of metrics says what the definitions say, and dbt finds these sound."""

from __future__ import annotations

from deploy.marts.catalogue import PAGE, load
from models.metrics import page


def test_the_published_page_is_what_the_definitions_say() -> None:
    assert PAGE.read_text("utf-8") == page(load()), "run python -m deploy.marts.catalogue"


def test_every_metric_has_a_unit_and_an_owner_on_the_page() -> None:
    rows = [line.split(" | ") for line in PAGE.read_text("utf-8").splitlines()]
    told = {row[0].strip("| `"): row for row in rows if len(row) == 5}
    for name, metric in load().metrics.items():
        assert told[name][2:4] == [metric.unit, metric.owner]
