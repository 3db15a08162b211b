"""Freezing a set of factors into an artifact."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from models.artifacts import Artifact, Training, build
from models.carbon.evaluate import evaluate
from models.carbon.score import FACTORS_FILE, PRODUCTS_FILE, FootprintCalculator

FAMILY = "carbon"


@dataclass(frozen=True)
class FactorFrames:
    """One set of factors, as dbt's intermediate models resolve it.

    Parameters
    ----------
    version
        Name of the set.
    categories
        ``department``, ``category``, ``kg_co2e_per_kg``, ``typical_mass_grams``,
        ``max_mass_grams``.
    packaging
        ``packaging``, ``kg_each``, ``capacity_kg``, ``trips``, ``kg_co2e_per_kg``.
    delivery
        ``delivery_mode`` and its ``kg_co2e_per_kg_km``, direct and well-to-tank together.
    sources
        Where the values come from, with licences.
    """

    version: str
    categories: pd.DataFrame
    packaging: pd.DataFrame
    delivery: pd.DataFrame
    sources: pd.DataFrame


def _plain(frame: pd.DataFrame) -> list[list[Any]]:
    """Return rows of JSON-ready values, missing ones as None."""
    rows: list[list[Any]] = json.loads(frame.to_json(orient="values", double_precision=15))
    return rows


def train(
    factors: FactorFrames,
    products: pd.DataFrame,
    lines: pd.DataFrame,
    orders: pd.DataFrame,
    *,
    as_of: datetime,
) -> Artifact:
    """Freeze factors and masses, and compare the calculator with the mart.

    Parameters
    ----------
    factors
        The set.
    products
        ``marts.dim_products``: ``sku``, ``department``, ``category``, ``mass_grams``, ``unit``,
        ``list_price_minor``.
    lines, orders
        Orders to compare on, as `evaluate` takes them.
    """
    content = {
        "factor_set_version": factors.version,
        "categories": _plain(
            factors.categories[
                ["department", "category", "kg_co2e_per_kg", "typical_mass_grams", "max_mass_grams"]
            ]
        ),
        "packaging": _plain(
            factors.packaging[
                ["packaging", "kg_each", "capacity_kg", "trips", "kg_co2e_per_kg"]
            ].fillna(0)
        ),
        "delivery": _plain(factors.delivery[["delivery_mode", "kg_co2e_per_kg_km"]].fillna(0)),
    }
    per_unit = products["unit"].map({"milli": 0.001}).fillna(1.0)
    catalogue = products[["department", "category", "mass_grams"]].assign(
        per_unit=per_unit, price_minor=products["list_price_minor"].fillna(0)
    )
    by_sku = dict(zip(products["sku"].tolist(), _plain(catalogue), strict=True))
    calculator = FootprintCalculator(json.loads(json.dumps(content)), by_sku)
    metrics = evaluate(calculator, lines, orders)
    training = Training(
        as_of=as_of,
        data_from=str(as_of.date()),
        data_to=str(as_of.date()),
        rows=len(by_sku),
        seed=0,
        params={
            "factor_set_version": factors.version,
            "sources": json.loads(factors.sources.to_json(orient="records")),
        },
    )
    files = {
        FACTORS_FILE: json.dumps(content).encode(),
        PRODUCTS_FILE: json.dumps(by_sku).encode(),
    }
    return build(FAMILY, training, files, metrics)
