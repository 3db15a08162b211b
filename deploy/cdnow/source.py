"""CDNOW's orders: all of the cohort of the first quarter of 1997, until the end of June 1998.

Fader and Hardie, "Forecasting repeat sales at CDNOW: a case study", Interfaces 31 (2001). The file
is in the wheel of `lifetimes`, whose code is archived and never imported.
"""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path

import pandas as pd

_FOLDER = "lifetimes/datasets"


def _path(name: str) -> Path:
    return Path(str(distribution("lifetimes").locate_file(f"{_FOLDER}/{name}")))


def orders() -> pd.DataFrame:
    """Return one row per order, as the file has them.

    Returns
    -------
    pandas.DataFrame
        ``customer``, its number; ``day``, midnight; ``discs``, how many were ordered;
        ``total_minor``, cents.
    """
    names = ["customer", "day", "discs", "dollars"]
    raw = pd.read_csv(
        _path("CDNOW_master.txt"), sep=r"\s+", skiprows=1, names=names, dtype={"day": str}
    )
    return pd.DataFrame(
        {
            "customer": raw["customer"].astype("int64"),
            "day": pd.to_datetime(raw["day"], format="%Y%m%d"),
            "discs": raw["discs"].astype("int64"),
            "total_minor": (raw["dollars"] * 100).round().astype("int64"),
        }
    )


def worksheet() -> pd.DataFrame:
    """Return what Fader and Hardie's worksheet for BG/NBD has of each customer of their sample.

    Returns
    -------
    pandas.DataFrame
        By customer, the number that `orders` has: ``frequency``, days with a repeat purchase in the
        first 39 weeks; ``recency`` and ``T``, weeks from the first purchase to the last one and to
        the end, to two decimals.
    """
    numbers = pd.read_csv(_path("CDNOW_sample.txt"), sep=r"\s+", header=None, usecols=[0, 1])
    own = numbers.drop_duplicates().set_index(1)[0]
    rows = pd.read_csv(_path("cdnow_customers_summary.csv"))
    return rows.set_index(rows["ID"].map(own).rename("customer"))[["frequency", "recency", "T"]]
