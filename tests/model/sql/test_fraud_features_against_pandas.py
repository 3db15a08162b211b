from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from clickhouse_connect.driver.client import Client

from models.features import ORDER_FRAUD, request_features
from tests.model.sql.journey import Journey, Order

HOUR = pd.Timedelta(hours=1)
DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def features(built: Client) -> pd.DataFrame:
    frame = built.query_df("SELECT * FROM features.feat_order_fraud")
    numbers = {name: frame[name].astype("float64") for name in ORDER_FRAUD.names}
    label_at = pd.to_datetime(frame["label_at"], utc=True)
    return frame.assign(
        order_id=frame["order_id"].astype(str), label_at=label_at, **numbers
    ).set_index("order_id")


def before(orders: pd.DataFrame, at: pd.Timestamp, window: pd.Timedelta) -> pd.DataFrame:
    return orders[(orders["at"] >= at - window) & (orders["at"] < at)]


def velocity(group: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return each order's counts over the earlier orders of its group, row by row."""
    named = group.iloc[0][column] != ""
    rows = []
    for order in group.to_dict("records"):
        at = order["at"]
        day = before(group, at, DAY)
        rows.append(
            {
                "order_id": order["order_id"],
                "hour": len(before(group, at, HOUR)) if named else 0,
                "day": len(day) if named else 0,
                "amount": int(day["total"].sum()) if named else 0,
            }
        )
    return pd.DataFrame(rows)


def by(orders: pd.DataFrame, column: str) -> pd.DataFrame:
    parts = [velocity(group, column) for _, group in orders.groupby(column)]
    return pd.concat(parts).set_index("order_id")


def assert_equal(found: pd.Series, expected: pd.Series) -> None:
    pd.testing.assert_series_equal(
        found.sort_index().astype(float),
        expected.sort_index().astype(float),
        check_names=False,
        rtol=1e-12,
    )


def test_there_is_one_row_per_order(features: pd.DataFrame, orders: pd.DataFrame) -> None:
    assert sorted(features.index) == sorted(orders["order_id"])


def test_cards_devices_and_shoppers_are_counted_strictly_before_the_order(
    features: pd.DataFrame, orders: pd.DataFrame
) -> None:
    cards = by(orders, "card")
    assert_equal(features["card_orders_1h"], cards["hour"])
    assert_equal(features["card_orders_24h"], cards["day"])
    assert_equal(features["card_amount_24h_minor"], cards["amount"])
    assert_equal(features["device_orders_24h"], by(orders, "device")["day"])
    assert_equal(features["shopper_orders_24h"], by(orders, "subject")["day"])
    assert cards["hour"].max() > 2


def test_a_card_or_device_is_known_after_the_shoppers_first_order_by_it(
    features: pd.DataFrame, orders: pd.DataFrame
) -> None:
    for column, feature in (("card", "known_card"), ("device", "known_device")):
        first = orders.groupby(["subject", column])["at"].transform("min")
        known = (first < orders["at"]) & (orders["subject"] != "") & (orders[column] != "")
        assert_equal(features[feature], known.set_axis(orders["order_id"]))
        assert known.any()


def test_request_features_are_those_that_serving_computes(
    features: pd.DataFrame, happened: Journey
) -> None:
    names = [feature.name for feature in ORDER_FRAUD.features if feature.source == "request"]
    for order in happened.orders:
        row = features.loc[str(order.id)]
        mean = row["mean_amount_90d_minor"]
        expected = request_features(
            amount_minor=order.total,
            line_count=len(order.lines),
            units=order.units,
            max_line_minor=max(line["total_minor"] for line in order.lines),
            occurred_at=order.at,
            ip_country=order.ip_country,
            payment_country="US",
            batch={"mean_amount_90d_minor": None if pd.isna(mean) else float(mean)},
        )
        for name in names:
            value = expected[name]
            assert row[name] == value or (value is None and pd.isna(row[name])), (order.ref, name)


def start_of_day(order: Order) -> datetime:
    return datetime(order.at.year, order.at.month, order.at.day, tzinfo=UTC)


def test_batch_features_know_the_ninety_days_before_the_orders_day(
    features: pd.DataFrame, happened: Journey, orders: pd.DataFrame
) -> None:
    refunds = pd.DataFrame(
        {
            "subject": [refund.order.subject for refund in happened.refunds],
            "at": [pd.Timestamp(refund.at) for refund in happened.refunds],
        }
    )
    shoppers = dict(list(orders.groupby("subject")))
    given_back = dict(list(refunds.groupby("subject")))
    for order in happened.orders:
        today = pd.Timestamp(start_of_day(order))
        own = shoppers[order.subject]
        past = own[own["at"] < today] if order.subject else own.iloc[:0]
        recent = past[past["at"] >= today - 90 * DAY]
        back = given_back.get(order.subject, refunds.iloc[:0])
        earlier = past["at"].dt.normalize()
        row = features.loc[str(order.id)]
        nothing = past.empty
        expected = {
            "orders_90d": len(recent),
            "mean_amount_90d_minor": recent["total"].mean() if len(recent) else np.nan,
            "days_since_first_order": np.nan if nothing else (today - earlier.min()).days,
            "days_since_last_order": np.nan if nothing else (today - earlier.max()).days,
            "refunds_90d": 0 if nothing else len(before(back, today, 90 * DAY)),
        }
        for name, value in expected.items():
            assert np.isclose(row[name], value, equal_nan=True, rtol=1e-12), (order.ref, name)


def test_labels_are_the_disputes_that_mean_fraud(features: pd.DataFrame, happened: Journey) -> None:
    arrived = {
        str(dispute.order.id): pd.Timestamp(dispute.at)
        for dispute in happened.disputes
        if dispute.reason in {"fraudulent", "product_not_received"}
    }
    fraud = features[features["is_fraud"] == 1]
    assert {str(i): at for i, at in fraud["label_at"].items()} == arrived
    assert features.loc[features["is_fraud"] == 0, "label_at"].isna().all()
