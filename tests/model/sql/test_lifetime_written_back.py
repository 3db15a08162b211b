"""What the lifetime models expect of every shopper stands beside what the shopper was."""

from __future__ import annotations

import dagster as dg
import pandas as pd
import pytest
from clickhouse_connect.driver.client import Client

from models.artifacts import Artifact
from models.lifetime import HORIZON_DAYS
from pipelines.artifact_store import promoted
from pipelines.defs import learn, lifetime
from pipelines.defs.resources import Artifacts, Warehouse
from tests.model.sql.journey import Journey


@pytest.fixture(scope="module")
def days(happened: Journey, orders: pd.DataFrame) -> pd.DataFrame:
    """Days with an order of each shopper before the latest day: ``subject``, ``day``, ``net``."""
    refunded = pd.Series({str(refund.order.id): refund.amount for refund in happened.refunds})
    known = orders[orders["subject"] != ""]
    net = known["total"] - known["order_id"].map(refunded).fillna(0)
    day = known["at"].dt.tz_localize(None).dt.normalize()
    paid = pd.DataFrame({"subject": known["subject"], "day": day, "net": net})
    by_day: pd.DataFrame = paid[day < day.max()].groupby(["subject", "day"], as_index=False).sum()
    return by_day


@pytest.fixture(scope="module")
def ran(built: Client, warehouse: str, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """What is in service after the assets of the family ran, with their check."""
    directory = tmp_path_factory.mktemp("artifacts")
    steps = [["candidate", "lifetime"], ["served", "lifetime"], ["learned", "lifetime"]]
    outcome = dg.materialize(
        [*learn.assets(), *learn.checks(), *lifetime.assets()],
        selection=dg.AssetSelection.assets(*steps),
        resources={
            "warehouse": Warehouse(url=warehouse),
            "artifacts": Artifacts(directory=str(directory)),
        },
    )
    assert [check.passed for check in outcome.get_asset_check_evaluations()] == [True]
    artifact = promoted(directory, "lifetime")
    assert artifact is not None
    return artifact


def test_every_shopper_of_the_days_before_has_a_row_of_the_version_in_service(
    built: Client, ran: Artifact, days: pd.DataFrame
) -> None:
    assert ran.manifest["data"]["rows"] == len(days)
    found = built.query("SELECT subject, purchase_days FROM learned.lifetime").result_rows
    assert {row[0]: row[1] for row in found} == days.groupby("subject").size().to_dict()
    (told,) = built.query(
        "SELECT groupUniqArray(model_version), groupUniqArray(horizon_days), groupUniqArray(as_of) "
        "FROM learned.lifetime"
    ).result_rows
    today = pd.Timestamp(ran.manifest["as_of"]).date()
    assert [list(values) for values in told] == [[ran.version], [HORIZON_DAYS], [today]]
    assert today > days["day"].max().date()


def test_regulars_are_expected_to_come_and_pay_as_they_did(
    built: Client, days: pd.DataFrame
) -> None:
    mart = built.query_df("SELECT * FROM marts.mart_shopper_lifetime").set_index("subject")
    assert set(mart.index) == set(days["subject"])
    assert ((mart["p_alive"] > 0) & (mart["p_alive"] <= 1)).all()
    so_far = days.groupby("subject").agg(count=("day", "size"), first=("day", "min"))
    rate = so_far["count"] / (days["day"].max() - so_far["first"]).dt.days * HORIZON_DAYS
    regular = so_far["count"] > 30
    assert regular.sum() > 10
    ahead = mart["expected_purchases"][regular[regular].index]
    assert ahead.sum() == pytest.approx(rate[regular].sum(), rel=0.1)
    assert ahead.corr(rate[regular]) > 0.95
    whole = mart["expected_purchases"] * mart["expected_purchase_minor"]
    assert (mart["expected_value_minor"] - whole).abs().max() <= 0.5


def test_what_was_written_before_is_replaced_whole(built: Client, ran: Artifact) -> None:
    counts = "SELECT count(), uniqExact(subject) FROM learned.lifetime"
    (written,) = built.query(counts).result_rows
    assert written[0] == written[1] > 0
    assert built.query("SELECT count() FROM learned.lifetime_next").result_rows == [(0,)]
