"""What the lifetime models expect of every shopper stands beside what the shopper was."""

from __future__ import annotations

import pandas as pd
import pytest
from clickhouse_connect.driver.client import Client

from models.lifetime import HORIZON_DAYS
from pipelines.defs.resources import Warehouse
from pipelines.training import lifetime_artifact
from tests.model.sql.journey import Journey


@pytest.fixture(scope="module")
def days(happened: Journey, orders: pd.DataFrame) -> pd.DataFrame:
    """Days with an order of each shopper before the latest day: ``subject``, ``day``, ``net``."""
    refunded = pd.Series({str(refund.order.id): refund.amount for refund in happened.refunds})
    known = orders[orders["subject"] != ""]
    net = known["total"] - known["order_id"].map(refunded).fillna(0)
    day = known["at"].dt.tz_localize(None).dt.normalize()
    by_day = known.assign(day=day, net=net).groupby(["subject", "day"])["net"].sum().reset_index()
    return by_day[by_day["day"] < day.max()]


def test_every_shopper_of_the_days_before_has_a_row_of_this_version(
    built: Client, warehouse: str, days: pd.DataFrame
) -> None:
    artifact = lifetime_artifact(Warehouse(url=warehouse))
    assert artifact.manifest["data"]["rows"] == len(days)
    found = built.query(
        "SELECT subject, purchase_days FROM learned.lifetime ORDER BY subject"
    ).result_rows
    assert dict(found) == days.groupby("subject").size().to_dict()
    (told,) = built.query(
        "SELECT groupUniqArray(model_version), groupUniqArray(horizon_days), groupUniqArray(as_of) "
        "FROM learned.lifetime"
    ).result_rows
    end = days["day"].max() + pd.Timedelta(days=1)
    assert [list(values) for values in told] == [
        [artifact.version],
        [HORIZON_DAYS],
        [pd.Timestamp(artifact.manifest["as_of"]).date()],
    ]
    assert pd.Timestamp(told[2][0]) >= end


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


def test_what_is_written_next_replaces_all_that_was(built: Client) -> None:
    (rows, shoppers) = built.query(
        "SELECT count(), uniqExact(subject) FROM learned.lifetime"
    ).result_rows[0]
    assert rows == shoppers > 0
    assert built.query("SELECT count() FROM learned.lifetime_next").result_rows == [(0,)]
