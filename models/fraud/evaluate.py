"""How well orders are ranked by risk."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from models.artifacts import Metric

ALERT_SHARE = 0.05
"""Share of orders that the risk team can look at."""
BASELINE = "rule: orders by the card in the last day, then amount"


def rule_scores(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Return the naive baseline's ranking: how often the card was just used, then the amount.

    Parameters
    ----------
    frame
        Rows with ``card_orders_24h`` and ``amount_minor``.
    """
    amount = frame["amount_minor"].to_numpy(dtype=np.float64)
    uses = frame["card_orders_24h"].to_numpy(dtype=np.float64)
    return np.asarray(uses + amount / (amount.max() + 1.0), dtype=np.float64)


def precision_within(labels: NDArray[np.int64], scores: NDArray[np.float64], share: float) -> float:
    """Return the share of frauds among the riskiest orders.

    Parameters
    ----------
    labels
        1 for fraud.
    scores
        Higher is riskier.
    share
        Share of the orders that is looked at.
    """
    count = max(1, round(share * len(labels)))
    riskiest = np.argsort(-scores, kind="stable")[:count]
    return float(labels[riskiest].mean())


def evaluate(frame: pd.DataFrame, scores: NDArray[np.float64]) -> list[Metric]:
    """Return the figures on orders of a later window beside the rule's.

    Parameters
    ----------
    frame
        The orders, with ``is_fraud``, ``order_date`` and the rule's columns.
    scores
        The model's probabilities for them.
    """
    labels = frame["is_fraud"].to_numpy(dtype=np.int64)
    if labels.min() == labels.max():
        return []
    rule = rule_scores(frame)
    dates = pd.to_datetime(frame["order_date"])
    measures = {
        "average_precision": average_precision_score,
        "auc": roc_auc_score,
        f"precision@{ALERT_SHARE:.0%}": lambda y, s: precision_within(y, s, ALERT_SHARE),
    }
    return [
        Metric(
            name=name,
            value=float(measure(labels, scores)),
            baseline=BASELINE,
            baseline_value=float(measure(labels, rule)),
            higher_is_better=True,
            window_from=str(dates.min().date()),
            window_to=str((dates.max() + pd.Timedelta(days=1)).date()),
            n=len(frame),
        )
        for name, measure in measures.items()
    ]
