"""The report for people who would rather look than read."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipelines.warehouse import connect

mpl.use("Agg")
INK, ACCENT, SOFT = "#1f2937", "#0f766e", "#99c2bb"


def _bars(axes: Axes, frame: pd.DataFrame, title: str, unit: str) -> None:
    frame = frame.iloc[::-1]
    axes.barh(frame.iloc[:, 0].astype(str).str.title(), frame.iloc[:, 1], color=ACCENT)
    axes.set_title(title, loc="left", color=INK)
    axes.set_xlabel(unit)


def picture(environment: dict[str, str], data_dir: Path) -> Path:
    """Draw daily sales, departments by sales and by footprint, and chargebacks by day.

    Returns
    -------
    pathlib.Path
        The PNG that was written.
    """
    with connect(environment["CLICKHOUSE_URL"]) as client:
        sales = client.query_df(
            "SELECT day, sum(sales_minor) / 100 AS sales FROM marts.mart_sales "
            "GROUP BY day ORDER BY day"
        )
        departments = client.query_df(
            "SELECT department, sum(sales_minor) / 100 AS sales FROM marts.mart_sales "
            "GROUP BY department ORDER BY sales DESC LIMIT 8"
        )
        carbon = client.query_df(
            "SELECT l.department AS department, sum(f.co2e_ug) / 1e12 AS tonnes "
            "FROM marts.fct_footprints f "
            "JOIN marts.fct_order_lines l "
            "ON f.order_id = l.order_id AND f.line_number = l.line_number "
            "WHERE f.part = 'product' AND f.is_restated = 0 "
            "GROUP BY department ORDER BY tonnes DESC LIMIT 8"
        )
        fraud = client.query_df(
            "SELECT order_date, countIf(is_fraud = 1) AS frauds, countIf(is_fraud = 0) AS good "
            "FROM features.feat_order_fraud WHERE order_date >= '2017-12-19' "
            "GROUP BY order_date ORDER BY order_date"
        )
    figure = Figure(figsize=(13, 8), layout="constrained")
    ((left, right), (low, last)) = figure.subplots(2, 2)
    left.plot(sales["day"], sales["sales"], color=SOFT, linewidth=0.8)
    weekly = sales.set_index("day")["sales"].rolling(7).mean()
    left.plot(weekly.index, weekly.to_numpy(), color=ACCENT)
    left.set_title("Sales a day, and their weekly mean", loc="left", color=INK)
    left.set_ylabel("USD")
    _bars(right, departments, "Sales by department", "USD")
    _bars(low, carbon, "Footprint of goods by department", "t CO2e")
    last.bar(fraud["order_date"].astype(str).str[5:], fraud["frauds"], color=ACCENT)
    last.set_title("Orders charged back, by day of order", loc="left", color=INK)
    last.tick_params(axis="x", rotation=60)
    for axes in (left, right, low, last):
        axes.spines[["top", "right"]].set_visible(False)
    path = data_dir / "demo" / "report.png"
    figure.savefig(path, dpi=110)
    return path
