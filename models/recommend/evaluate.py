"""How much of a shopper's next basket is foreseen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.artifacts import Metric
from models.features.online import RECENT_LENGTH
from models.recommend.score import Recommender

K = 10
POPULAR = "products in most orders before the window, the same for everybody"
OWN = "the shopper's own most frequent products, then the popular ones"

Ranking = Callable[["Case"], Sequence[str]]


@dataclass(frozen=True)
class Case:
    """A basket to foresee, and its shopper's purchases before it.

    Parameters
    ----------
    subject
        The shopper.
    bought
        Products of the basket.
    before
        SKUs of all earlier purchases, oldest first, an entry each.
    """

    subject: str
    bought: frozenset[str]
    before: Sequence[str]

    @property
    def recent(self) -> list[str]:
        """What the online store would hold: the latest products, latest first, each once."""
        return list(dict.fromkeys(reversed(self.before)))[:RECENT_LENGTH]


def cases(known: pd.DataFrame, cut: pd.Timestamp) -> Iterator[Case]:
    """Yield the baskets from an instant on; each sees only what was bought strictly before it.

    Parameters
    ----------
    known
        Purchases (order_id, subject, sku, ordered_at), oldest first.
    cut
        Where the window starts.
    """
    tested = known.loc[known["ordered_at"] >= cut, "subject"].unique()
    rows = known[known["subject"].isin(tested)].sort_values("subject", kind="stable")
    subjects, skus = rows["subject"].to_numpy(), rows["sku"].to_numpy()
    times = rows["ordered_at"].dt.tz_localize(None).to_numpy()
    is_next_shopper = subjects[1:] != subjects[:-1]
    is_next_order = rows["order_id"].to_numpy()[1:] != rows["order_id"].to_numpy()[:-1]
    shoppers = np.flatnonzero(np.append(True, is_next_shopper))
    orders = np.flatnonzero(np.append(True, is_next_shopper | is_next_order))
    since = np.searchsorted(shoppers, orders, side="right") - 1
    for first, end, shopper in zip(orders, np.append(orders[1:], len(rows)), since, strict=True):
        if times[first] < cut.tz_localize(None).to_datetime64():
            continue
        begin = shoppers[shopper]
        seen = np.searchsorted(times[begin:first], times[first]) if subjects[first] else 0
        before = skus[begin : begin + seen].tolist()
        yield Case(str(subjects[first]), frozenset(skus[first:end]), before)


def gains(bought: frozenset[str], slate: Sequence[str]) -> tuple[float, float]:
    """Return a slate's NDCG and recall at `K`.

    Parameters
    ----------
    bought
        Products of the basket; recall counts every one, known to the model or not.
    slate
        SKUs, best first.
    """
    hits = np.array([sku in bought for sku in slate[:K]], dtype=np.float64)
    discounts = 1.0 / np.log2(np.arange(K) + 2.0)
    ideal = discounts[: min(K, len(bought))].sum()
    return float(hits @ discounts[: len(hits)] / ideal), float(hits.sum() / len(bought))


def evaluate(known: pd.DataFrame, cut: pd.Timestamp, model: Recommender) -> list[Metric]:
    """Return the model's figures on the baskets of a window beside two baselines'.

    Parameters
    ----------
    known
        Purchases (order_id, subject, sku, ordered_at), oldest first, the window's too.
    cut
        Where the window starts; the model knows nothing later.
    model
        The model.
    """
    early = known[known["ordered_at"] < cut]
    popular = early["sku"].value_counts(sort=True).sort_index(kind="stable")
    favourites = popular.sort_values(ascending=False, kind="stable").index[: 2 * K].tolist()
    tested = list(cases(known, cut))
    end = known["ordered_at"].max().normalize() + pd.Timedelta(days=1)
    values = _means(tested, lambda case: _slate(model, case))
    metrics = []
    for baseline, ranking in (
        (POPULAR, lambda case: favourites),
        (OWN, lambda case: own_frequent(case, favourites)),
    ):
        theirs = _means(tested, ranking)
        for place, name in enumerate((f"ndcg@{K}", f"recall@{K}")):
            metrics.append(
                Metric(
                    name=name,
                    value=values[place],
                    baseline=baseline,
                    baseline_value=theirs[place],
                    higher_is_better=True,
                    window_from=str(cut.date()),
                    window_to=str(end.date()),
                    n=len(tested),
                )
            )
    return metrics


def own_frequent(case: Case, favourites: Sequence[str]) -> list[str]:
    """Return a shopper's most frequent products, later ones first among equals."""
    counts = Counter(reversed(case.before))
    own = [sku for sku, _ in counts.most_common(K)]
    return list(dict.fromkeys([*own, *favourites]))[:K]


def _slate(model: Recommender, case: Case) -> list[str]:
    slate = model.recommend(subject=case.subject, recent=case.recent, context=(), k=K)
    return [item.sku for item in slate]


def _means(tested: Sequence[Case], ranking: Ranking) -> tuple[float, float]:
    ndcg, recall = np.mean([gains(case.bought, ranking(case)) for case in tested], axis=0)
    return float(ndcg), float(recall)
