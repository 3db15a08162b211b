"""Notebooks run on a warehouse that was built as a whole, and what they say is so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models.fraud.evaluate import ALERT_SHARE
from models.fraud.train import HISTORY, LABEL_DELAY
from tests.model.sql.journey import Journey, decision_rows
from tests.model.sql.notebooks import NAMES, Executed

pytestmark = pytest.mark.timeout(600)
Run = Callable[[str], Executed]


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_to_its_end_and_draws_something(executed: Run, name: str) -> None:
    assert executed(name).pictures > 0


def test_the_metric_of_every_day_is_what_the_reconciled_marts_have(executed: Run) -> None:
    found = executed("metrics").values
    assert found["days"] > 300
    assert found["differing"] == []


def test_precision_is_that_of_the_riskiest_orders_whose_chargebacks_could_have_come(
    executed: Run, happened: Journey
) -> None:
    scores = {row[3]["decision_id"]: row[3]["scores"]["fraud"] for row in decision_rows(happened)}
    scored = [order for order in happened.orders if order.decision_id]
    as_of = max(order.at for order in scored)
    frauds = {
        after.order.ref
        for after in happened.disputes
        if after.reason in {"fraudulent", "product_not_received"} and after.at < as_of
    }
    known = [o for o in scored if as_of - HISTORY <= o.at < as_of - LABEL_DELAY]
    riskiest = sorted(known, key=lambda order: -scores[order.decision_id])
    looked_at = riskiest[: round(ALERT_SHARE * len(known))]
    hits = sum(order.ref in frauds for order in looked_at)
    values = executed("fraud").values
    assert values["scored"] == len(scored)
    (row,) = (
        row
        for row in values["precision"]
        if row["ranking"] == "model" and row["capacity"] == ALERT_SHARE
    )
    assert (row["looked at"], row["frauds"]) == (len(looked_at), hits)
    assert 0 < row["low"] < row["precision"] < row["high"]
    reviewed = [order for order in known if order.risk == "review"]
    assert values["reviewed"] == [len(reviewed), sum(order.ref in frauds for order in reviewed)]


def test_the_footprint_is_the_ledgers_to_the_microgram_and_other_vans_change_the_way_alone(
    executed: Run,
) -> None:
    values = executed("carbon").values
    as_it_is, electric = values["computed_ug"].values()
    assert values["ledger_ug"] == values["mart_ug"] == as_it_is > electric > 0
    way, everything = values["by_part"]["the way"], values["by_part"]["everything"]
    saved = way["diesel, as it is"] - way["electric"]
    assert saved > 0
    assert everything["diesel, as it is"] - everything["electric"] == pytest.approx(saved)
