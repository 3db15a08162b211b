"""What is known of each shopper at an instant, in the terms of the models."""

from __future__ import annotations

import warnings

import pandas as pd
from clvkit import CustomerBase

HORIZON_DAYS = 90
"""Days that are looked ahead, and days that are held out to see how well."""
WEEK = "W"
DAY = "D"


class PurchaseError(ValueError):
    """A purchase that nobody can have made; the message names the column and the rule."""


def before(purchases: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the purchases of the days before one.

    Parameters
    ----------
    purchases
        ``subject``, ``day`` and ``net_minor``: what was paid on it less refunds, minor units.
    as_of
        Naive midnight, UTC.

    Raises
    ------
    PurchaseError
        If a day's net is below nothing.
    """
    if (purchases["net_minor"] < 0).any():
        worst = int(purchases["net_minor"].min())
        raise PurchaseError(f"net_minor: at least 0, but there is {worst}")
    dated = purchases.assign(day=pd.to_datetime(purchases["day"]))
    return dated[dated["day"] < as_of]


def histories(purchases: pd.DataFrame, as_of: pd.Timestamp) -> CustomerBase:
    """Return repeat days, weeks between the first and the last, weeks since the first, and worth.

    Time ends with the last day before `as_of`, as in the published fits.

    Parameters
    ----------
    purchases
        As `before` returns them.
    as_of
        Naive midnight, UTC.
    """
    with warnings.catch_warnings():
        # A day that was refunded in full stays a purchase without a worth, which it warns of.
        warnings.simplefilter("ignore", UserWarning)
        return CustomerBase.from_transactions(
            purchases,
            customer_id_col="subject",
            datetime_col="day",
            amount_col="net_minor",
            time_unit=WEEK,
            collapse=DAY,
            observation_period_end=as_of - pd.Timedelta(days=1),
        )
