"""How far a flat factor per unit of money would be off."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pandas as pd

from models.artifacts import Metric
from models.carbon.compute import UG_PER_KG
from models.carbon.score import FootprintCalculator, Piece

BASELINE = "one flat factor per unit of money"


def evaluate(
    calculator: FootprintCalculator, lines: pd.DataFrame, orders: pd.DataFrame
) -> list[Metric]:
    """Compare the calculator with the mart, order by order; a flat factor is the baseline.

    This measures agreement of two computations with the same factors, not the truth of either:
    there is no measured footprint of an order to compare with. They agree to the microgram.

    Parameters
    ----------
    calculator
        The calculator.
    lines
        One row per line: ``order_id``, ``sku``, ``quantity``.
    orders
        One row per order: ``order_id``, ``order_date``, ``packaging``, ``delivery_mode``,
        ``distance_km``, ``total_minor`` and the mart's ``total_ug``.
    """
    if orders.empty:
        return []
    by_order: dict[Any, list[Piece]] = defaultdict(list)
    for order_id, sku, quantity in lines[["order_id", "sku", "quantity"]].to_numpy().tolist():
        by_order[order_id].append(Piece(sku, quantity))
    columns = ["order_id", "packaging", "delivery_mode", "distance_km"]
    computed = [
        calculator.footprint(
            lines=by_order[order_id],
            packaging=packaging,
            delivery_mode=delivery_mode,
            distance_km=distance_km,
        ).total_ug
        for order_id, packaging, delivery_mode, distance_km in orders[columns].to_numpy().tolist()
    ]
    total_kg = orders["total_ug"].sum() / UG_PER_KG
    flat = orders["total_minor"] * (total_kg / max(1, int(orders["total_minor"].sum())))
    differences = (orders["total_ug"] - pd.Series(computed, orders.index)).abs().sum() / UG_PER_KG
    dates = pd.to_datetime(orders["order_date"])
    metric = Metric(
        name="wape_against_the_mart",
        value=float(differences / total_kg),
        baseline=BASELINE,
        baseline_value=float((orders["total_ug"] / UG_PER_KG - flat).abs().sum() / total_kg),
        higher_is_better=False,
        window_from=str(dates.min().date()),
        window_to=str((dates.max() + pd.Timedelta(days=1)).date()),
        n=len(orders),
    )
    return [metric]
