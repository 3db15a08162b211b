"""RFM, cohorts and churn are what pandas makes of the same orders."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest
from clickhouse_connect.driver.client import Client

from tests.model.sql.journey import Journey

CHURN = pd.Timedelta(days=90)
SEGMENTS = {
    "champions": {(5, 4), (5, 5)},
    "loyal": {(3, 4), (3, 5), (4, 4), (4, 5)},
    "potential_loyalists": {(4, 2), (4, 3), (5, 2), (5, 3)},
    "new": {(5, 1)},
    "promising": {(4, 1)},
    "need_attention": {(3, 3)},
    "about_to_sleep": {(3, 1), (3, 2)},
    "at_risk": {(1, 3), (1, 4), (2, 3), (2, 4)},
    "cannot_lose": {(1, 5), (2, 5)},
    "hibernating": {(1, 1), (1, 2), (2, 1), (2, 2)},
}


@pytest.fixture(scope="module")
def purchases(happened: Journey, orders: pd.DataFrame) -> pd.DataFrame:
    """Orders of known shoppers: ``subject``, ``store``, ``at``, ``day``, ``month``, ``net``."""
    refunded: Counter[str] = Counter()
    for refund in happened.refunds:
        refunded[str(refund.order.id)] += refund.amount
    stores = {str(order.id): order.store for order in happened.orders}
    known = orders[orders["subject"] != ""].copy()
    known["net"] = known["total"] - known["order_id"].map(lambda i: refunded[i])
    known["store"] = known["order_id"].map(stores)
    known["day"] = known["at"].dt.tz_localize(None).dt.normalize()
    known["month"] = known["day"].dt.to_period("M")
    return known


def fifths(values: pd.Series) -> pd.Series:
    """Return the score of each value by counting who is worse, one by one."""
    worse = values.map(lambda value: int((values < value).sum()))
    return 1 + (5 * worse) // len(values)


def test_shoppers_are_scored_in_fifths_and_named(built: Client, purchases: pd.DataFrame) -> None:
    shoppers = purchases.groupby("subject").agg(
        last=("day", "max"), orders=("day", "size"), net=("net", "sum")
    )
    as_of = purchases["day"].max() + pd.Timedelta(days=1)
    shoppers["r"] = fifths(shoppers["last"])
    shoppers["f"] = fifths(shoppers["orders"])
    shoppers["m"] = fifths(shoppers["net"])
    expected = {}
    for subject, row in shoppers.iterrows():
        (segment,) = (name for name, cells in SEGMENTS.items() if (row["r"], row["f"]) in cells)
        lapses = row["last"] + CHURN
        churned = lapses.date() if lapses < as_of else None
        silent = (as_of - row["last"]).days
        expected[subject] = (
            *(silent, row["orders"], row["net"], row["r"], row["f"], row["m"]),
            *(segment, churned),
        )
    found = built.query(
        "SELECT subject, silent_days, orders, net_minor, recency_score, frequency_score, "
        "monetary_score, segment, churned_on FROM marts.mart_shopper_rfm"
    ).result_rows
    assert {row[0]: tuple(row[1:]) for row in found} == expected
    assert len({row[3] for row in found}) < len(found) or shoppers["last"].duplicated().any()
    assert {row[8] is None for row in found} == {True, False}


def test_cohorts_are_kept_as_pandas_counts_them(built: Client, purchases: pd.DataFrame) -> None:
    first = purchases.sort_values(["at", "order_id"]).groupby("subject").first()
    who = purchases.assign(
        first_store=purchases["subject"].map(first["store"]),
        cohort=purchases["subject"].map(first["month"]),
    )
    expected = {}
    for store, of_store in who.groupby("first_store"):
        end = of_store["month"].max()
        for key, members in of_store.groupby("cohort"):
            cohort, size = pd.Period(str(key), "M"), members["subject"].nunique()
            for number, month in enumerate(pd.period_range(cohort, end, freq="M")):
                then = members[members["month"] == month]
                expected[store, cohort.start_time.date(), number] = (
                    *(size, then["subject"].nunique(), len(then), int(then["net"].sum())),
                    then["subject"].nunique() / size,
                )
    found = built.query(
        "SELECT store_id, cohort_month, month_number, cohort_shoppers, shoppers, orders, "
        "net_minor, retention FROM marts.mart_cohorts"
    ).result_rows
    assert {tuple(row[:3]): tuple(row[3:]) for row in found} == expected
    assert any(row[4] == 0 for row in found)


def test_who_is_active_at_the_end_of_a_month_ordered_in_the_90_days_before(
    built: Client, purchases: pd.DataFrame
) -> None:
    as_of = purchases["day"].max() + pd.Timedelta(days=1)
    days = {subject: sorted(set(own["day"])) for subject, own in purchases.groupby("subject")}
    found = built.query(
        "SELECT month, active_at_start, new_shoppers, returned, churned, active_at_end "
        "FROM marts.mart_monthly_churn ORDER BY month"
    ).result_rows
    before = 0
    returns = 0
    for month, start, new, returned, churned, end in found:
        begins = pd.Timestamp(month)
        ends = min(begins + pd.offsets.MonthBegin(1), as_of)
        # Whoever ordered on the day 90 days before the month's last one churns on that last day.
        still = sum(any(ends - CHURN <= day < ends for day in own) for own in days.values())
        firsts = sum(begins <= own[0] < ends for own in days.values())
        again = sum(
            later - earlier > CHURN and begins <= later < ends
            for own in days.values()
            for earlier, later in zip(own, own[1:], strict=False)
        )
        assert (start, new, returned, end) == (before, firsts, again, still), month
        assert churned == start + new + returned - end
        before = end
        returns += again
    assert found
    assert returns > 0
