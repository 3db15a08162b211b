"""Scoring an order with a trained model; nothing is ever fitted here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import lightgbm as lgb
import numpy as np

from models.features import ORDER_FRAUD

MODEL_FILE = "model.txt"
REASONS = 3
_DESCRIPTIONS = {feature.name: feature.description for feature in ORDER_FRAUD.features}


@dataclass(frozen=True)
class FraudScore:
    """A probability of fraud, what follows, and what weighed most, strongest first."""

    score: float
    action: Literal["allow", "review"]
    reasons: tuple[str, ...]


class FraudScorer:
    """A trained model.

    Parameters
    ----------
    booster
        The trees.
    threshold
        Probability from which an order is to be reviewed.
    """

    def __init__(self, booster: lgb.Booster, threshold: float) -> None:
        self._booster = booster
        self._threshold = threshold

    def score(self, features: Mapping[str, float | None]) -> FraudScore:
        """Score one order.

        Parameters
        ----------
        features
            Values of ORDER_FRAUD by name; missing ones take the view's default.

        Raises
        ------
        KeyError
            If a name is not a feature of the view.
        """
        row = np.array([ORDER_FRAUD.vector(features)])
        # The last contribution is the mean; the others say how far each feature moved the score.
        contributions = self._booster.predict(row, pred_contrib=True, num_threads=1)[0]
        probability = float(1 / (1 + np.exp(-contributions.sum())))
        by_weight = np.argsort(-contributions[:-1])[:REASONS]
        reasons = tuple(
            _reason(ORDER_FRAUD.names[i], row[0, i]) for i in by_weight if contributions[i] > 0
        )
        action: Literal["allow", "review"] = "review" if probability >= self._threshold else "allow"
        return FraudScore(probability, action, reasons)


def _reason(name: str, value: float) -> str:
    shown = "unknown" if np.isnan(value) else f"{value:g}"
    return f"{name} is {shown}: {_DESCRIPTIONS[name]}"


def load(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> FraudScorer:
    """Return the scorer of an artifact.

    Raises
    ------
    KeyError
        If the model file or the threshold is missing.
    """
    booster = lgb.Booster(model_str=files[MODEL_FILE].decode())
    return FraudScorer(booster, float(manifest["params"]["threshold"]))
