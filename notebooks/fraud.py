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
# # Does looking at the riskiest orders find the fraud?
#
# When an order is placed, the model endpoint scores it, and the answer is kept as an event with its
# reasons: the decision log. Chargebacks tell days later what was true. The risk team can look at a
# share of the orders; of those that it would have looked at, how many were fraud?

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import binomtest

from models.fraud.evaluate import ALERT_SHARE, rule_scores
from models.fraud.train import LABEL_DELAY, known_rows
from pipelines.settings import Settings
from pipelines.warehouse import connect
from pipelines.warehouse.client import frame

BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#7F7F7F"
warehouse = connect(Settings().clickhouse_url)

# %% [markdown]
# ## Decisions, joined to what came of them
#
# An order carries the id of the decision that it was placed under. What a fallback answered is left
# out: no model had a say.

# %%
scored = frame(
    warehouse,
    """
    SELECT toString(orders.order_id) AS order_id, orders.occurred_at AS ordered_at,
        truth.order_date AS order_date, orders.risk AS risk, decisions.score AS score,
        decisions.model_version AS model_version, truth.is_fraud AS is_fraud,
        truth.label_at AS label_at, truth.amount_minor AS amount_minor,
        truth.card_orders_24h AS card_orders_24h
    FROM staging.stg_orders__completed AS orders
    JOIN (
        SELECT JSONExtractString(data, 'decision_id') AS decision_id,
            JSONExtractString(data, 'model_version') AS model_version,
            JSONExtractFloat(data, 'scores', 'fraud') AS score
        FROM raw.decisions
        WHERE type = 'decision_made' AND JSONExtractString(data, 'family') = 'fraud'
            AND JSONExtractString(data, 'fallback') = ''
        LIMIT 1 BY event_id
    ) AS decisions ON orders.risk_decision_id = decisions.decision_id
    JOIN features.feat_order_fraud AS truth ON truth.order_id = orders.order_id
    ORDER BY ordered_at, order_id
    """,
)
scored.groupby("model_version").agg(
    orders=("order_id", "size"),
    first=("ordered_at", "min"),
    last=("ordered_at", "max"),
    sent_to_review=("risk", lambda risk: (risk == "review").sum()),
    charged_back=("is_fraud", "sum"),
)

# %% [markdown]
# ## Which of them can be judged?
#
# A chargeback takes days. An order that is younger than that counts neither way, not even if it was
# charged back already: recent days would else consist of frauds alone. Training leaves the same
# orders out.

# %%
as_of = pd.to_datetime(scored["ordered_at"], utc=True).max()
known = known_rows(scored, as_of)
labels = known["is_fraud"].to_numpy(dtype=np.int64)
f"{len(known)} of {len(scored)} orders are {LABEL_DELAY.days} days old; {labels.sum()} were fraud"

# %% [markdown]
# ## Precision at the capacity of the risk team
#
# The model's ranking beside a rule that needs no model (orders by the same card in the last day,
# then the amount). The interval is Wilson's, 95 %: with few frauds it is wide, and says so.

# %%
rankings = {"model": known["score"].to_numpy(), "rule": rule_scores(known)}
hits = {name: labels[np.argsort(-scores, kind="stable")] for name, scores in rankings.items()}
rows = []
for share in (0.01, 0.02, ALERT_SHARE, 0.10, 0.20):
    count = max(1, round(share * len(labels)))
    for name, in_order in hits.items():
        found = int(in_order[:count].sum())
        interval = binomtest(found, count).proportion_ci(method="wilson")
        rows.append((share, name, count, found, found / count, interval.low, interval.high))
columns = ["capacity", "ranking", "looked at", "frauds", "precision", "low", "high"]
precision = pd.DataFrame(rows, columns=columns).assign(
    recall=lambda table: table["frauds"] / max(1, labels.sum())
)
precision.set_index(["capacity", "ranking"]).round(3)

# %%
figure, axes = plt.subplots(figsize=(9, 3.6))
for ranking, colour in zip(rankings, (BLUE, ORANGE), strict=True):
    part = precision[precision["ranking"] == ranking]
    axes.plot(part["capacity"], part["precision"], marker="o", color=colour, label=ranking)
    axes.fill_between(part["capacity"], part["low"], part["high"], color=colour, alpha=0.15)
axes.axhline(labels.mean(), color=GREY, linestyle="--", linewidth=1, label="chance")
axes.axvline(ALERT_SHARE, color=GREY, linewidth=0.8)
axes.set_title("Share of frauds among the orders that are looked at, with its 95 % interval")
axes.set_xlabel("share of the orders that the team can look at; the line is what it can today")
axes.set_ylim(0, 1)
axes.legend(frameon=False)
figure.tight_layout()

# %% [markdown]
# ## And what was really sent to review?

# %%
reviewed = known[known["risk"] == "review"]
pd.Series(
    {
        "sent to review": len(reviewed),
        "frauds among them": int(reviewed["is_fraud"].sum()),
        "frauds that were let through": int(labels.sum() - reviewed["is_fraud"].sum()),
    }
)
