# ---
# jupyter:
#   jupytext:
#     notebook_metadata_filter: -jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: EcoMarket
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What did we sell, and is the number right?
#
# Each figure is defined once, in `dbt/metrics`, and listed in
# [docs/metrics.md](../docs/metrics.md). The command `ecomarket metrics query`, the API `GET
# /v1/metrics/…` and the dashboards compile that definition to SQL; so does this notebook, and a
# test holds all of them to the same number.

# %%
import matplotlib.pyplot as plt
import pandas as pd

from deploy.marts.asking import figures
from deploy.marts.catalogue import load
from models.metrics import Question
from models.metrics.definitions import Kind
from pipelines.settings import Settings
from pipelines.warehouse import connect
from pipelines.warehouse.client import frame

BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#7F7F7F"
warehouse = connect(Settings().clickhouse_url)
catalogue = load()

# %% [markdown]
# ## Which figures are there?
#
# All that are one figure of any time, here of everything that the warehouse has. Money is in minor
# units: cents.

# %%
whole = [metric for metric in catalogue.metrics.values() if metric.kind is not Kind.CUMULATIVE]
overview = pd.DataFrame(
    {
        "what": [metric.label for metric in whole],
        "value": pd.Series(
            [figures(warehouse, catalogue, Question(m.name))["value"].iat[0] for m in whole],
            dtype=object,
        ),
        "unit": [metric.unit for metric in whole],
        "owner": [metric.owner for metric in whole],
    }
).set_index(pd.Index([metric.name for metric in whole], name="metric"))
overview

# %% [markdown]
# ## How did it go, day by day?
#
# Net sales of the latest eight weeks: list price less discounts and refunds, each on the day on
# which it happened.

# %%
daily = figures(warehouse, catalogue, Question("net_sales", by=["day"])).set_index("day")["value"]
until = daily.index.max() + pd.Timedelta(days=1)
since = until - pd.Timedelta(weeks=8)
shown = daily[daily.index >= since] / 100

figure, axes = plt.subplots(figsize=(9, 3.2))
axes.plot(shown.index, shown, color=BLUE, linewidth=1.6)
axes.axhline(shown.mean(), color=GREY, linestyle="--", linewidth=1)
axes.set_title(f"Net sales a day, {since:%-d %B %Y} to {daily.index.max():%-d %B %Y}; mean dashed")
axes.set_ylabel("currency units")
axes.set_ylim(bottom=min(0, shown.min()))
figure.autofmt_xdate()

# %% [markdown]
# ## Which departments made it?

# %%
asked = Question("net_sales", by=["department"], since=since.date(), until=until.date())
departments = figures(warehouse, catalogue, asked).set_index("department")["value"].sort_values()
largest = departments.tail(10) / 100

figure, axes = plt.subplots(figsize=(9, 3.2))
axes.barh(largest.index.where(largest.index != "", "unknown"), largest, color=BLUE)
axes.set_title("Net sales of the same weeks by department, the ten largest")
axes.set_xlabel("currency units")
figure.tight_layout()

# %% [markdown]
# ## Can it be trusted?
#
# `ecomarket reconcile` holds each order of `fct_orders` and each refund of `fct_refunds` against
# the store's ledger, to the cent. The metric is of another table, `mart_sales`, where both are
# spread over lines, vendors and categories. Net sales have to be the orders' totals less the
# refunds of the day all the same, on every day there is:

# %%
orders = frame(warehouse, "SELECT order_date, total_minor FROM marts.fct_orders")
refunds = frame(warehouse, "SELECT refunded_on, amount_minor FROM marts.fct_refunds")
paid = orders.groupby(pd.to_datetime(orders["order_date"]))["total_minor"].sum()
given_back = refunds.groupby(pd.to_datetime(refunds["refunded_on"]))["amount_minor"].sum()
booked = paid.sub(given_back, fill_value=0).rename_axis("day")
both = pd.DataFrame({"metric": daily, "orders less refunds": booked}).fillna(0).astype("int64")
differing = both[both["metric"] != both["orders less refunds"]]

figure, axes = plt.subplots(figsize=(9, 3.2))
axes.plot(both.index, both["orders less refunds"] / 100, color=ORANGE, linewidth=4, alpha=0.5)
axes.plot(both.index, both["metric"] / 100, color=BLUE, linewidth=0.8)
axes.legend(["orders less refunds, reconciled with the ledger", "the metric"], frameon=False)
axes.set_title(f"Net sales a day: {len(differing)} of {len(both)} days differ")
axes.set_ylabel("currency units")

# %%
differing
