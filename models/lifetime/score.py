"""Looking ahead with parameters that training found; nothing is fitted here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from clvkit import BGNBD, CustomerBase

from models.lifetime.history import DAY, WEEK, before, histories

PARAMETERS_FILE = "parameters.json"
COLUMNS = [
    *("subject", "purchase_days", "p_alive", "expected_purchases"),
    *("expected_purchase_minor", "expected_value_minor"),
]


class UnsoundError(ArithmeticError):
    """Parameters under which a shopper's figures are no numbers."""


@dataclass(frozen=True)
class Outlook:
    """The two models' parameters; time is in weeks, money in minor units.

    Parameters
    ----------
    r, alpha
        Shape and rate of the gamma distribution of how often shoppers order.
    a, b
        Of the beta distribution of whether an order is a shopper's last.
    p, q, v
        Shape of a purchase's worth within a shopper; shape and rate of its spread among shoppers.
    """

    r: float
    alpha: float
    a: float
    b: float
    p: float
    q: float
    v: float

    def ahead(self, purchases: pd.DataFrame, as_of: pd.Timestamp, days: int) -> pd.DataFrame:
        """Return what each shopper is expected to do in the days from one on.

        Parameters
        ----------
        purchases
            ``subject``, ``day``, ``net_minor``; those from `as_of` on are not looked at.
        as_of
            Naive midnight, UTC.
        days
            How far is looked.

        Returns
        -------
        pandas.DataFrame
            One row per shopper: ``subject``; ``purchase_days`` so far; ``p_alive`` at `as_of`;
            ``expected_purchases``, days with an order; ``expected_purchase_minor``, the worth of
            one; ``expected_value_minor``, of all of them, whole.

        Raises
        ------
        models.lifetime.history.PurchaseError
            If a day's net is below nothing.
        UnsoundError
            If a figure is no number.
        """
        known = before(purchases, as_of)
        if known.empty:
            return pd.DataFrame(columns=COLUMNS)
        return self.of(histories(known, as_of), days)

    def of(self, base: CustomerBase, days: int) -> pd.DataFrame:
        """Return the same of histories, in the order of their shoppers."""
        flow = BGNBD()
        flow.params_ = pd.Series({"r": self.r, "alpha": self.alpha, "a": self.a, "b": self.b})
        flow.time_unit_, flow.collapse_ = WEEK, DAY
        known = base.to_pandas()
        rows = pd.DataFrame(
            {
                "purchase_days": known["frequency"].astype("int64") + 1,
                "p_alive": flow.probability_alive(base).to_pandas()["probability_alive"],
                "expected_purchases": flow.predict(days / 7, base).to_pandas()[
                    "expected_purchases"
                ],
                "expected_purchase_minor": self._worth(known),
            }
        )
        whole = rows["expected_purchases"] * rows["expected_purchase_minor"]
        if not np.isfinite(rows.assign(whole=whole).to_numpy(dtype=float)).all():
            raise UnsoundError(f"{self} makes figures that are no numbers")
        rows["expected_value_minor"] = whole.round().astype("int64")
        return rows.rename_axis("subject").sort_index().reset_index()[COLUMNS]

    def _worth(self, known: pd.DataFrame) -> pd.Series[float]:
        """Return the expected worth of a purchase, equation 5 of Fader and Hardie's note 25.

        The library answers it only from a model that it fitted itself.
        """
        times, mean = known["frequency"], known["monetary_value"]
        # Days without worth count as purchases, but say nothing of what one is worth.
        told = times.where(mean > 0, 0.0)
        return self.p * (self.v + told * mean) / (self.p * told + self.q - 1)


def save(outlook: Outlook) -> dict[str, bytes]:
    """Return parameters as an artifact's files."""
    return {PARAMETERS_FILE: json.dumps(asdict(outlook), sort_keys=True).encode()}


def load(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Outlook:
    """Return the scorer of an artifact.

    Raises
    ------
    KeyError
        If the parameters are missing.
    ValueError
        If they count time otherwise.
    """
    if manifest["params"]["time_unit"] != WEEK:
        raise ValueError(f"time_unit: {manifest['params']['time_unit']!r} is not {WEEK!r}")
    return Outlook(**json.loads(files[PARAMETERS_FILE]))
