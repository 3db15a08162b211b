"""Features of one order at the moment before it is placed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from models.features.view import Feature, FeatureView, Source

R, S, B = Source.REQUEST, Source.STREAM, Source.BATCH

ORDER_FRAUD = FeatureView(
    name="feat_order_fraud",
    entity=("order_id",),
    timestamp="ordered_at",
    label="is_fraud",
    features=(
        Feature("amount_minor", "int64", R, None, "Order total in minor units."),
        Feature("line_count", "int64", R, None, "Lines of the order."),
        Feature("units", "int64", R, None, "Units sold by the piece; weighed goods count as 1."),
        Feature("max_line_minor", "int64", R, None, "Largest line total in minor units."),
        Feature("hour_of_day", "int64", R, None, "UTC hour, 0 to 23."),
        Feature("ip_country_mismatch", "int64", R, 0, "1 if IP and payment country differ."),
        Feature("amount_ratio", "float64", R, None, "amount_minor over mean_amount_90d_minor."),
        Feature("card_orders_1h", "int64", S, 0, "Orders paid by this card in the hour before."),
        Feature("card_orders_24h", "int64", S, 0, "Orders paid by this card in the day before."),
        Feature("card_amount_24h_minor", "int64", S, 0, "Paid by this card in the day before."),
        Feature("device_orders_24h", "int64", S, 0, "Orders from this device in the day before."),
        Feature("shopper_orders_24h", "int64", S, 0, "Shopper's orders in the day before."),
        Feature("known_card", "int64", S, 0, "1 if the shopper paid by this card before."),
        Feature("known_device", "int64", S, 0, "1 if the shopper ordered from this device before."),
        Feature("orders_90d", "int64", B, 0, "Shopper's orders in the 90 days before today."),
        Feature("mean_amount_90d_minor", "float64", B, None, "Mean total of those orders."),
        Feature("days_since_first_order", "int64", B, None, "Days from first order to today."),
        Feature("days_since_last_order", "int64", B, None, "Days from latest order to today."),
        Feature("refunds_90d", "int64", B, 0, "Shopper's refunds in the 90 days before today."),
    ),
)
"""One row per order. Windows are open at the order itself: it never counts in its own features."""


def request_features(
    *,
    amount_minor: int,
    line_count: int,
    units: int,
    max_line_minor: int,
    occurred_at: datetime,
    ip_country: str,
    payment_country: str,
    batch: Mapping[str, float | None],
) -> dict[str, float | None]:
    """Compute the request-time features of an order.

    Parameters
    ----------
    occurred_at
        Aware instant of the order, UTC.
    ip_country, payment_country
        ISO 3166-1 alpha-2; empty means unknown, and an unknown country never mismatches.
    batch
        The shopper's batch features, for the ratio.
    """
    mean = batch.get("mean_amount_90d_minor")
    mismatch = bool(ip_country and payment_country and ip_country != payment_country)
    return {
        "amount_minor": amount_minor,
        "line_count": line_count,
        "units": units,
        "max_line_minor": max_line_minor,
        "hour_of_day": occurred_at.hour,
        "ip_country_mismatch": int(mismatch),
        "amount_ratio": amount_minor / mean if mean else None,
    }
