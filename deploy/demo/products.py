"""The catalogue: products with names, masses, list prices and opening stock."""

from __future__ import annotations

import re

import pandas as pd

from deploy.demo.source import LIVE_FROM, Source

GRAMS = {
    "LB": 453.592,
    "OZ": 28.3495,
    "FL OZ": 29.5735,
    "GA": 3785.41,
    "GAL": 3785.41,
    "QT": 946.353,
    "PT": 473.176,
    "L": 1000.0,
    "LT": 1000.0,
    "LTR": 1000.0,
    "ML": 1.0,
    "KG": 1000.0,
    "G": 1.0,
    "GR": 1.0,
    "GM": 1.0,
}
"""Grams of one unit of a package size; a volume counts as water."""
_SIZE = re.compile(r"^\s*(\d+(?:\.\d+)?|\d*\.\d+|\d+/\d+)\s*(FL OZ|[A-Z]+)\s*\.?\s*$")
MOST_GRAMS = 100_000
"""What claims to be heavier is a misprint: nobody carries it out of a grocer's."""
STOCKED_WEEKS = 13
LEAST_STOCK = 500
STOCK_FACTOR = 3
LEAST_MILLI = 100
"""A smaller quantity of what is sold by the thousandth was entered in whole units by mistake."""


def mass_grams(package_size: str) -> int | None:
    """Return the net mass that a printed package size states, or None if it states none."""
    match = _SIZE.match(package_size.upper())
    if match is None or match[2] not in GRAMS:
        return None
    number = match[1]
    if "/" in number:
        over, under = number.split("/")
        if int(under) == 0:
            return None
        value = int(over) / int(under)
    else:
        value = float(number)
    grams = round(value * GRAMS[match[2]])
    return grams if 0 < grams <= MOST_GRAMS else None


def _name(product: pd.DataFrame) -> pd.Series[str]:
    kind = product["product_type"].where(product["product_type"] != "", product["product_category"])
    kind = kind.where(kind != "", "Unlisted product")
    size = product["package_size"].where(
        product["package_size"] == "", " " + product["package_size"]
    )
    return kind + size


def _maker(ids: pd.Series[float]) -> list[str]:
    return [f"M{int(i)}" if isinstance(i, (int, float)) else "" for i in ids]


def catalogue(source: Source) -> pd.DataFrame:
    """Return one row per product in the shape of the store's import.

    The list price is the median price of a piece before discounts, over the days before the live
    ones, or 0 if it was never sold then; the opening stock three times the sales of 13 weeks.
    """
    products = source.products
    is_milli = products["product_type"].str.contains("GASOLINE", na=False) | (
        products["product_category"] == "FUEL"
    )
    weighed = set(products["product_id"][is_milli])
    before = source.lines[source.lines["sold_at"] < LIVE_FROM]
    sold = before[before["quantity"] > 0]
    sold = sold[(sold["quantity"] >= LEAST_MILLI) | ~sold["product_id"].isin(weighed)]
    price = (sold["list_minor"] / sold["quantity"]).groupby(sold["product_id"]).median()
    recent = before[before["sold_at"] >= LIVE_FROM - pd.Timedelta(weeks=STOCKED_WEEKS)]
    units = recent.groupby("product_id")["quantity"].sum()
    per_unit = is_milli.map({True: 1000.0, False: 1.0})
    ids = products["product_id"]
    stock = (ids.map(units).fillna(0) * STOCK_FACTOR).clip(lower=LEAST_STOCK * per_unit)
    return pd.DataFrame(
        {
            "sku": "CJ" + ids.astype(str),
            "product_id": "CJ" + ids.astype(str),
            "name": _name(products).str.slice(0, 300),
            "vendor_id": _maker(products["manufacturer_id"]),
            "brand": products["brand"].astype(str),
            "department": products["department"].astype(str),
            "category": products["product_category"].astype(str),
            "product_type": products["product_type"].astype(str),
            "package_size": products["package_size"].astype(str).str.slice(0, 60),
            "mass_grams": [mass_grams(size) for size in products["package_size"]],
            "unit": is_milli.map({True: "milli", False: "each"}),
            "currency": "USD",
            "list_price_minor": (ids.map(price).fillna(0) * per_unit).round().astype("int64"),
            "opening_stock": stock.astype("int64"),
        }
    )
