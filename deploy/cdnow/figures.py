"""CDNOW's figures out of the marts, beside what was published of the same orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from clickhouse_connect.driver.client import Client

from deploy.cdnow.loading import STORE, customer
from deploy.cdnow.source import worksheet
from models.lifetime import fit
from models.lifetime.history import before, histories
from pipelines.training import Source, purchase_days

CALIBRATED = pd.Timestamp("1997-10-01")
"""Published fits know the orders before it, 39 weeks."""
HOLDOUT_DAYS = 273
"""The 39 weeks after these, with which the file ends."""
PUBLISHED: Mapping[str, tuple[float, float, str]] = {
    "customers": (23_570, 0, "Fader and Hardie 2001"),
    "orders": (69_659, 0, "Fader and Hardie 2001"),
    "customers of the sample": (2_357, 0, "Fader, Hardie and Lee 2005"),
    "of these, with the published history": (2_357, 0, "Fader and Hardie's worksheet to it"),
    "came again within 39 weeks": (946, 0, "Fader and Hardie 2013"),
    "mean worth of their purchases, USD": (35.08, 0.005, "Fader and Hardie 2013"),
    "BG/NBD r": (0.243, 5e-4, "Fader, Hardie and Lee 2005"),
    "BG/NBD alpha": (4.414, 5e-4, "Fader, Hardie and Lee 2005"),
    "BG/NBD a": (0.793, 5e-4, "Fader, Hardie and Lee 2005"),
    "BG/NBD b": (2.426, 5e-4, "Fader, Hardie and Lee 2005"),
    "log-likelihood": (-9582.4, 0.05, "Fader, Hardie and Lee 2005"),
    "gamma-gamma p": (6.25, 0.005, "Fader and Hardie 2013"),
    "gamma-gamma q": (3.74, 0.005, "Fader and Hardie 2013"),
    "gamma-gamma v, USD": (15.44, 0.005, "Fader and Hardie 2013"),
}
"""Figure, half a unit of its last printed digit, and who printed it."""


@dataclass(frozen=True)
class Compared:
    """A figure of ours beside the published one."""

    name: str
    ours: float
    published: float
    tolerance: float
    by: str

    @property
    def equal(self) -> bool:
        """Whether they are the same to the published digits."""
        return abs(self.ours - self.published) <= self.tolerance


@dataclass(frozen=True)
class Outcome:
    """What came of the store.

    Parameters
    ----------
    compared
        Figures beside the published ones.
    total_minor
        What all orders were paid with, cents.
    cohorts
        ``cohort_month``, ``month_number``, ``cohort_shoppers``, ``shoppers``, ``retention``.
    expected, happened
        Purchases of the sample in the 39 weeks after those that were fitted to.
    """

    compared: tuple[Compared, ...]
    total_minor: int
    cohorts: pd.DataFrame
    expected: float
    happened: int


def gather(client: Client, source: Source) -> Outcome:
    """Ask the marts, and fit the lifetime models to what they have of the published sample."""
    store = {"store": STORE}
    shoppers, count, total = client.query(
        "SELECT uniqExact(subject), count(), sum(total_minor) FROM marts.fct_orders "
        "WHERE store_id = {store:String}",
        parameters=store,
    ).result_rows[0]
    cohorts = client.query_df(
        "SELECT cohort_month, month_number, cohort_shoppers, shoppers, retention "
        "FROM marts.mart_cohorts WHERE store_id = {store:String} "
        "ORDER BY cohort_month, month_number",
        parameters=store,
    )
    end = CALIBRATED + pd.Timedelta(days=HOLDOUT_DAYS)
    days = purchase_days(source, end.to_pydatetime())
    published = worksheet()
    tenth = before(days[days["subject"].map(customer).isin(published.index)], end)
    fitted = fit(tenth, CALIBRATED)
    known = histories(before(tenth, CALIBRATED), CALIBRATED).to_pandas()
    same = known[published.columns].set_axis(known.index.map(customer)).sub(published).abs() < 0.006
    worth = known["monetary_value"][known["frequency"] > 0]
    ahead = fitted.outlook.ahead(tenth, CALIBRATED, HOLDOUT_DAYS)
    found = fitted.outlook
    ours = [
        *(shoppers, count, len(known), same.all(axis=1).sum(), len(worth), worth.mean() / 100),
        *(found.r, found.alpha, found.a, found.b, fitted.log_likelihood),
        *(found.p, found.q, found.v / 100),
    ]
    compared = tuple(
        Compared(name, float(value), *published)
        for value, (name, published) in zip(ours, PUBLISHED.items(), strict=True)
    )
    happened = int((tenth["day"] >= CALIBRATED).sum())
    return Outcome(
        compared, int(total), cohorts, float(ahead["expected_purchases"].sum()), happened
    )
