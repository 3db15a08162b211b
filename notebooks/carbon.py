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
# # Where does an order's footprint come from, and what would electric vans change?
#
# The carbon ledger, `marts.fct_footprints`, has a row for each quantity times one factor of one
# set, in whole micrograms of CO2 equivalents ([docs/carbon.md](../docs/carbon.md)). Any figure can
# be followed to the row of the publication that its factor is from.

# %%
import json
from collections import defaultdict

import matplotlib.pyplot as plt
import pandas as pd

from models.carbon import FootprintCalculator, Piece
from models.carbon.score import FACTORS_FILE, PRODUCTS_FILE
from pipelines.settings import Settings
from pipelines.training import carbon_artifact
from pipelines.warehouse.client import Reader, connect

BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#7F7F7F"
warehouse = Reader(connect(Settings().clickhouse_url))

# %% [markdown]
# ## One order, down to the factor
#
# The order with the most lines among those that a van brought on the latest day.

# %%
[order_id, order_date] = warehouse.row(
    """
    SELECT toString(order_id), order_date FROM marts.fct_orders
    WHERE delivery_mode = 'van' AND distance_km > 0
    ORDER BY order_date DESC, line_count DESC, order_id LIMIT 1
    """
)
order = {"order_id": order_id}
ledger = warehouse.frame(
    """
    SELECT emitted.part AS part, emitted.line_number AS line, factors.name AS factor,
        emitted.quantity AS quantity, emitted.unit AS unit, factors.kg_co2e AS kg_co2e,
        factors.unit AS per, emitted.co2e_ug AS co2e_ug, emitted.low_ug AS low_ug,
        emitted.high_ug AS high_ug, sources.publisher AS publisher, factors.source_row AS row
    FROM marts.fct_footprints AS emitted
    JOIN reference.emission_factors AS factors ON emitted.factor_id = factors.factor_id
        AND emitted.factor_set_version = factors.factor_set_version
    JOIN reference.factor_sources AS sources ON factors.source_id = sources.source_id
    WHERE emitted.order_id = {order_id:UUID} AND emitted.is_restated = 0
        AND emitted.part != 'return'
    ORDER BY co2e_ug DESC, part, line
    """,
    order,
)
ledger.assign(grams=(ledger["co2e_ug"] / 1e6).round(2)).drop(columns=["low_ug", "high_ug"]).head(12)

# %% [markdown]
# ## How sure is it?
#
# Each factor and each quantity has a 95 % interval of its own. A sum adds the lower and the upper
# ends, as if every error pointed the same way: the widest interval, since most rows share factors.

# %%
parts = ledger.groupby("part")[["low_ug", "co2e_ug", "high_ug"]].sum().sort_values("co2e_ug") / 1e6
total_ug = int(ledger["co2e_ug"].sum())
[in_the_mart] = warehouse.row(
    "SELECT total_ug FROM marts.mart_order_footprint WHERE order_id = {order_id:UUID}", order
)

figure, axes = plt.subplots(figsize=(9, 3))
ends = [parts["co2e_ug"] - parts["low_ug"], parts["high_ug"] - parts["co2e_ug"]]
axes.barh(parts.index, parts["co2e_ug"], xerr=ends, color=BLUE, ecolor=GREY, capsize=3)
axes.set_xscale("log")
axes.set_title(
    f"Order of {order_date:%-d %B %Y}: {total_ug / 1e9:.3f} kg CO2e by part, 95 % intervals"
)
axes.set_xlabel("g CO2e, each step ten times the one before")
figure.tight_layout()
f"The ledger's rows are {total_ug} µg, and the order is {in_the_mart} µg."

# %% [markdown]
# ## The same order, if the vans were electric
#
# Serving computes footprints in Python, from a set of factors that training froze. Here is that
# set, and the same one with another factor for the way by van: nothing is written, and the ledger
# keeps what it has.

# %%
artifact = carbon_artifact(warehouse)
today, products = (json.loads(artifact.files[name]) for name in (FACTORS_FILE, PRODUCTS_FILE))
electric = today | {
    "factor_set_version": "electric vans",
    "legs": [[*leg, factor.replace("diesel", "electric")] for *leg, factor in today["legs"]],
}
calculators = {
    "diesel, as it is": FootprintCalculator(today, products),
    "electric": FootprintCalculator(electric, products),
}
that_day = {"day": order_date}
orders = warehouse.rows(
    """
    SELECT toString(order_id), packaging, delivery_mode, distance_km FROM marts.fct_orders
    WHERE order_date = {day:Date} AND delivery_mode = 'van' AND distance_km > 0
    """,
    that_day,
)
bought = warehouse.rows(
    """
    SELECT toString(order_id), sku, quantity FROM marts.fct_order_lines
    WHERE order_date = {day:Date}
    """,
    that_day,
)
lines = defaultdict(list)
for of, sku, quantity in bought:
    lines[of].append(Piece(sku, quantity))
footprints = {
    name: {
        of: calculator.footprint(
            lines=lines[of], packaging=packaging, delivery_mode=mode, distance_km=way_km
        )
        for of, packaging, mode, way_km in orders
    }
    for name, calculator in calculators.items()
}
computed_ug = {name: of_orders[order_id].total_ug for name, of_orders in footprints.items()}
pd.Series(computed_ug, name="µg CO2e of the order")

# %% [markdown]
# The first of the two is the ledger's figure, to the microgram. All orders that came by van on that
# day, by what a van changes and what it does not:

# %%
way_kg = {name: sum(f.kg("transport") for f in of.values()) for name, of in footprints.items()}
all_kg = {name: sum(f.kg() for f in of.values()) for name, of in footprints.items()}
by_part = pd.DataFrame({"the way": way_kg, "everything": all_kg})
saved = 1 - way_kg["electric"] / way_kg["diesel, as it is"]

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
left.bar(by_part.index, by_part["the way"], color=[GREY, BLUE])
left.set_title(f"The way of {len(orders)} orders: {saved:.0%} less")
right.bar(by_part.index, by_part["everything"], color=[GREY, BLUE])
right.set_title("All that they emit")
for axes in (left, right):
    axes.set_ylabel("kg CO2e")
figure.tight_layout()
