"""From the warehouse's frames to artifacts: what each family is trained on, and until when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from models import carbon, demand, fraud, lifetime, recommend
from models.artifacts import Artifact, Metric
from models.carbon import FactorFrames
from models.features import ORDER_FRAUD
from pipelines.artifact_store import MANIFEST

SEED = 20171219
COMPARED_DAYS = 2
"""Days of orders on which the footprint calculator is held against the mart."""


class Source(Protocol):
    """Where frames come from."""

    def row(self, query: str, parameters: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
        """Return the first row of a query's result."""

    def frame(self, query: str, parameters: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return a query's result."""


def watermark(source: Source) -> datetime:
    """Return the instant just after the latest order, refund or dispute that arrived."""
    (latest,) = source.row(
        "SELECT max(at) FROM (SELECT max(occurred_at) AS at FROM raw.orders "
        "UNION ALL SELECT max(occurred_at) FROM raw.payments)"
    )
    aware: datetime = latest if latest.tzinfo else latest.replace(tzinfo=UTC)
    return aware.replace(microsecond=0) + timedelta(seconds=1)


def last_midnight(source: Source) -> datetime:
    """Return the start of the day of the latest order: the days before it are complete."""
    (latest,) = source.row("SELECT max(order_date) FROM marts.fct_orders")
    return datetime.combine(latest, time(), UTC)


def recommend_artifact(source: Source) -> Artifact:
    """Train the recommender on every order line of the complete days, but for robots'."""
    as_of = last_midnight(source)
    return recommend.train(lines_without_bots(source, as_of), as_of=as_of, seed=SEED)


def lines_without_bots(source: Source, as_of: datetime) -> pd.DataFrame:
    """Return the order lines of the days before one, without orders of sessions that are flagged.

    What a robot buys, or pretends to, is nobody's taste.
    """
    return source.frame(
        "SELECT toString(lines.order_id) AS order_id, subject, sku, ordered_at, order_date, "
        "quantity, unit FROM marts.fct_order_lines AS lines "
        "WHERE order_date < {as_of:Date} AND lines.order_id NOT IN "
        "(SELECT arrayJoin(order_ids) FROM marts.fct_sessions WHERE is_bot)",
        {"as_of": as_of.date()},
    )


def fraud_artifact(source: Source) -> Artifact:
    """Train the fraud model on the recent orders whose labels had time to arrive."""
    columns = ", ".join(ORDER_FRAUD.names)
    frame = source.frame(
        "SELECT toString(order_id) AS order_id, ordered_at, order_date, is_fraud, label_at, "
        f"{columns} FROM {ORDER_FRAUD.table} "
        "WHERE order_date >= (SELECT max(order_date) FROM marts.fct_orders) - 90",
    )
    return fraud.train(frame, as_of=watermark(source), seed=SEED)


def demand_artifact(source: Source) -> Artifact:
    """Train the forecaster on every complete day."""
    as_of = last_midnight(source)
    daily = source.frame(
        "SELECT sku, sales_date, units FROM features.feat_sku_daily "
        "WHERE sales_date < {as_of:Date}",
        {"as_of": as_of.date()},
    )
    return demand.train(daily, as_of=as_of, seed=SEED)


def carbon_artifact(source: Source) -> Artifact:
    """Freeze the factors in force, and hold the calculator against the mart on the latest days."""
    (version,) = source.row(
        "SELECT argMax(factor_set_version, order_date) FROM marts.mart_order_footprint"
    )
    since = {
        "since": (last_midnight(source) - timedelta(days=COMPARED_DAYS)).date(),
        "version": version,
    }
    products = source.frame(
        "SELECT sku, department, category, mass_grams, unit, list_price_minor "
        "FROM marts.dim_products"
    )
    materials = source.frame(
        "SELECT sku, factor_id, thousandths FROM intermediate.int_product_materials "
        "WHERE factor_set_version = {version:String} AND method = 'declared_materials' "
        "ORDER BY sku, factor_id",
        since,
    )
    lines = source.frame(
        "SELECT toString(order_id) AS order_id, sku, quantity FROM marts.fct_order_lines "
        "WHERE order_date >= {since:Date}",
        since,
    )
    # An order that states no way got one from coordinates, which no request has.
    orders = source.frame(
        "SELECT toString(o.order_id) AS order_id, o.order_date AS order_date, o.packaging AS "
        "packaging, o.delivery_mode AS delivery_mode, o.distance_km AS distance_km, "
        "o.total_minor AS total_minor, f.total_ug AS total_ug "
        "FROM marts.fct_orders o JOIN marts.mart_order_footprint f ON o.order_id = f.order_id "
        "WHERE o.order_date >= {since:Date} AND f.factor_set_version = {version:String} "
        "AND (o.distance_km > 0 OR o.delivery_mode = 'collect')",
        since,
    )
    factors = factor_frames(source, version)
    return carbon.train(factors, products, materials, lines, orders, as_of=watermark(source))


def purchase_days(source: Source, as_of: datetime) -> pd.DataFrame:
    """Return the days before one on which each shopper ordered, with what these were worth."""
    return source.frame(
        "SELECT subject, order_date AS day, sum(net_minor) AS net_minor "
        "FROM intermediate.int_purchases WHERE order_date < {as_of:Date} "
        "GROUP BY subject, day ORDER BY subject, day",
        {"as_of": as_of.date()},
    )


def lifetime_artifact(source: Source) -> Artifact:
    """Train the lifetime models on every complete day."""
    as_of = last_midnight(source)
    return lifetime.train(purchase_days(source, as_of), as_of=as_of)


def factor_frames(source: Source, version: str) -> FactorFrames:
    """Return one set of factors and assumptions."""

    def of_set(table: str) -> pd.DataFrame:
        return source.frame(
            f"SELECT * FROM reference.{table} WHERE factor_set_version = {{version:String}}",
            {"version": version},
        )

    return FactorFrames(
        version=version,
        factors=source.frame(
            "SELECT * FROM intermediate.int_factors "
            "WHERE factor_set_version = {version:String} ORDER BY factor_id",
            {"version": version},
        ),
        quality=source.frame(
            "SELECT * FROM intermediate.int_data_quality "
            "WHERE factor_set_version = {version:String} ORDER BY quality_class",
            {"version": version},
        ),
        categories=of_set("category_factors"),
        packaging=of_set("packaging_assumptions"),
        end_of_life=of_set("end_of_life_factors"),
        legs=of_set("delivery_legs"),
        handling=of_set("handling_energy"),
        sources=source.frame("SELECT * FROM reference.factor_sources"),
    )


def metrics_of(directory: Path, family: str, version: str) -> list[Metric]:
    """Return the figures of a saved artifact."""
    manifest = json.loads((directory / family / version / MANIFEST).read_text("utf-8"))
    return [Metric(**metric) for metric in manifest["metrics"]]
