"""Freezing a set of factors into an artifact."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from models.artifacts import Artifact, Training, build
from models.carbon.evaluate import evaluate
from models.carbon.score import FACTORS_FILE, PRODUCTS_FILE, FootprintCalculator

FAMILY = "carbon"
_FACTORS = ["factor_id", "kind", "unit", "ug_per_unit", "ln_sq"]
_CATEGORIES = ["department", "category", "factor_id", "typical_mass_grams", "max_mass_grams"]
_PACKAGING = ["packaging", "factor_id", "grams_each", "capacity_kg", "trips"]
_LEGS = ["delivery_mode", "leg", "from_km", "to_km", "last_km", "stage", "factor_id"]


@dataclass(frozen=True)
class FactorFrames:
    """One set of factors, as dbt's seeds and intermediate models have it.

    Parameters
    ----------
    version
        Name of the set.
    factors
        ``factor_id``, ``kind``, ``unit``, ``ug_per_unit``, ``ln_sq``.
    quality
        ``quality_class``, ``ln_sq``.
    categories
        ``department``, ``category``, ``factor_id``, ``typical_mass_grams``, ``max_mass_grams``.
    packaging
        ``packaging``, ``factor_id``, ``grams_each``, ``capacity_kg``, ``trips``.
    end_of_life
        ``factor_id`` of a material and ``end_of_life_factor_id``.
    legs
        ``delivery_mode``, ``leg``, ``from_km``, ``to_km``, ``last_km``, ``stage``, ``factor_id``.
    handling
        ``stage``, ``wh_per_kg``, ``factor_id``.
    sources
        Where the values come from, with licences.
    """

    version: str
    factors: pd.DataFrame
    quality: pd.DataFrame
    categories: pd.DataFrame
    packaging: pd.DataFrame
    end_of_life: pd.DataFrame
    legs: pd.DataFrame
    handling: pd.DataFrame
    sources: pd.DataFrame


def _plain(frame: pd.DataFrame, columns: list[str]) -> list[list[Any]]:
    """Return rows of JSON-ready values to the last digit, missing ones as None."""
    rows = frame[columns].astype(object)
    return [list(row) for row in rows.where(rows.notna(), None).to_numpy().tolist()]


def frozen(frames: FactorFrames) -> dict[str, Any]:
    """Return a set as `models.carbon.factors.FactorSet` reads it."""
    units = frames.factors["unit"].replace({"tonne": "kg", "litre": "kg"})
    factors = frames.factors.assign(unit=units)
    return {
        "factor_set_version": frames.version,
        "factors": _plain(factors, _FACTORS),
        "quality": _plain(frames.quality, ["quality_class", "ln_sq"]),
        "categories": _plain(frames.categories, _CATEGORIES),
        "packaging": _plain(frames.packaging, _PACKAGING),
        "end_of_life": _plain(frames.end_of_life, ["factor_id", "end_of_life_factor_id"]),
        "legs": _plain(frames.legs, _LEGS),
        "handling": _plain(frames.handling, ["stage", "wh_per_kg", "factor_id"]),
    }


def train(
    factors: FactorFrames,
    products: pd.DataFrame,
    materials: pd.DataFrame,
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
        ``marts.dim_products``: ``sku``, ``department``, ``category``, ``mass_grams``,
        ``unit``, ``list_price_minor``.
    materials
        What vendors declared: ``sku``, ``factor_id``, ``thousandths``.
    lines, orders
        Orders to compare on, as `evaluate` takes them.
    """
    content = frozen(factors)
    declared: dict[str, list[list[Any]]] = defaultdict(list)
    for sku, *material in _plain(materials, ["sku", "factor_id", "thousandths"]):
        declared[sku].append(material)
    catalogue = products.assign(
        is_milli=products["unit"] == "milli", price=products["list_price_minor"].fillna(0)
    )
    columns = ["sku", "department", "category", "mass_grams", "is_milli", "price"]
    by_sku = {sku: [*row, declared.get(sku, [])] for sku, *row in _plain(catalogue, columns)}
    files = {
        FACTORS_FILE: json.dumps(content).encode(),
        PRODUCTS_FILE: json.dumps(by_sku).encode(),
    }
    calculator = FootprintCalculator(json.loads(files[FACTORS_FILE]), by_sku)
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
    return build(FAMILY, training, files, metrics)
