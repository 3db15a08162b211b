"""Training the lifetime models: seven numbers, by maximum likelihood."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import datetime

import clvkit
import pandas as pd
from clvkit import BGNBD, GammaGamma

from models.artifacts import Artifact, Training, build
from models.lifetime.evaluate import evaluate
from models.lifetime.history import DAY, HORIZON_DAYS, WEEK, before, histories
from models.lifetime.score import Outlook, save

FAMILY = "lifetime"
REPEATERS = 30
"""Shoppers with orders on several days, below whom seven parameters are guesswork."""


class TooFewPurchasesError(ValueError):
    """Too few shoppers came back to learn from."""


@dataclass(frozen=True)
class Fit:
    """Parameters, and the log-likelihood of the days of orders under the first four of them."""

    outlook: Outlook
    log_likelihood: float


def fit(purchases: pd.DataFrame, as_of: pd.Timestamp) -> Fit:
    """Fit both models to the purchases of the days before one.

    BG/NBD: Fader, Hardie and Lee, Marketing Science 24 (2005), equation 6. Gamma-gamma: Fader and
    Hardie, "The gamma-gamma model of monetary value", note 25 (2013), equation 1a.

    Parameters
    ----------
    purchases
        ``subject``, ``day``, ``net_minor``.
    as_of
        Naive midnight, UTC.

    Raises
    ------
    models.lifetime.history.PurchaseError
        If a day's net is below nothing.
    TooFewPurchasesError
        If fewer than `REPEATERS` shoppers came back for something.
    RuntimeError
        If the worth of purchases has no likeliest parameters.
    """
    known = before(purchases, as_of)
    base = histories(known, as_of) if not known.empty else None
    back = 0 if base is None else int((base.to_pandas()["monetary_value"] > 0).sum())
    if base is None or back < REPEATERS:
        raise TooFewPurchasesError(f"{back} shoppers who came back are fewer than {REPEATERS}")
    with warnings.catch_warnings():
        # Of shoppers whose every later purchase was refunded, as of those who came once.
        warnings.simplefilter("ignore", UserWarning)
        flow, worth = BGNBD().fit(base), GammaGamma().fit(base)
    found = [*_parameters(flow), *_parameters(worth)]
    return Fit(Outlook(*found), float(flow.log_likelihood_ or 0.0))


def _parameters(model: BGNBD | GammaGamma) -> list[float]:
    found = model.params_
    return [] if found is None else [float(value) for value in found]


def train(purchases: pd.DataFrame, *, as_of: datetime) -> Artifact:
    """Fit to everything before a day; measure on the last days with an earlier fit first.

    Parameters
    ----------
    purchases
        Days with an order of each shopper: ``subject``, ``day``, and ``net_minor``, what was paid
        less refunds, minor units.
    as_of
        Aware instant; nothing from its UTC day on is used.

    Raises
    ------
    models.lifetime.history.PurchaseError, TooFewPurchasesError, RuntimeError
        As `fit` does.
    """
    end = pd.Timestamp(as_of).tz_convert("UTC").tz_localize(None).normalize()
    known = before(purchases, end)
    fitted = fit(known, end)
    training = Training(
        as_of=as_of,
        data_from=str(known["day"].min().date()),
        data_to=str(end.date()),
        rows=len(known),
        seed=0,
        params={
            "library": f"clvkit {clvkit.__version__}",
            "time_unit": WEEK,
            "collapse": DAY,
            "horizon_days": HORIZON_DAYS,
            "log_likelihood": fitted.log_likelihood,
        },
    )
    cut = end - pd.Timedelta(days=HORIZON_DAYS)
    try:
        earlier = fit(known, cut).outlook.ahead(known, cut, HORIZON_DAYS)
    except TooFewPurchasesError:
        metrics = []
    else:
        metrics = evaluate(earlier, known, cut)
    return build(FAMILY, training, save(fitted.outlook), metrics)
