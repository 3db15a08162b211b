"""Training the recommender: what goes together, what one buys again, what is popular."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from models.artifacts import Artifact, Training, build
from models.recommend.evaluate import evaluate
from models.recommend.score import Recommender, Weights
from models.recommend.tables import Tables, pack

FAMILY = "recommend"
NEIGHBOURS = 40
"""Products kept beside each."""
LEAST_LINES = 30
"""Products sold less often are left out: what they were bought with is chance."""
DAMPING = 0.3
"""Power of a neighbour's popularity that its strength is divided by."""
AGAIN_DAYS = 28
"""A product bought again within this was bought again."""
AGAIN_PRIOR = 20.0
"""Purchases at the mean rate that every product is given beforehand."""
POPULAR_DAYS = 28
"""Days of orders that popularity is counted in."""
TEST_DAYS = 7
OWN_LENGTH = 60
"""Products kept of each shopper: those bought most."""
OWN_FADE_DAYS = 90.0
"""Days after which a purchase of the shopper's own counts 1/e."""
OWN_PRIOR = 2.0
"""Orders without the product that every shopper is given beforehand."""
WEIGHTS = Weights(own=1.0, again=0.05, recent=0.005, context=1.0, popular=0.1, fade=40.0)
"""By NDCG on the demo's baskets of November 21 to 27 and December 5 to 11, before every window that
figures are stated of; `context` by foreseeing the rest of baskets of which two products are known.
"""
_BLOCK = 1000


class TooFewLinesError(ValueError):
    """No product was sold often enough to learn from."""


def known_lines(lines: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Return the purchases before an instant, oldest first, each product once an order.

    Goods sold by the thousandth are left out (that is fuel, and nobody is recommended fuel), and
    so are lines with nothing bought.

    Parameters
    ----------
    lines
        ``marts.fct_order_lines``: order_id, subject, sku, ordered_at, quantity, unit.
    as_of
        Aware instant.
    """
    ordered = pd.to_datetime(lines["ordered_at"], utc=True)
    kept = (ordered < pd.Timestamp(as_of)) & (lines["quantity"] > 0) & (lines["unit"] != "milli")
    known = pd.DataFrame(
        {
            "order_id": lines["order_id"].astype(str),
            "subject": lines["subject"].astype(str),
            "sku": lines["sku"].astype(str),
            "ordered_at": ordered,
        }
    )[kept]
    known = known.sort_values(["ordered_at", "order_id", "sku"], kind="stable")
    return known.drop_duplicates(["order_id", "sku"]).reset_index(drop=True)


def train(lines: pd.DataFrame, *, as_of: datetime, seed: int) -> Artifact:
    """Train on everything before an instant; measure on its last week with an earlier model first.

    Parameters
    ----------
    lines
        ``marts.fct_order_lines``: order_id, subject, sku, ordered_at, quantity and unit.
    as_of
        Aware instant; nothing later is used.
    seed
        Recorded only: nothing here is random.

    Raises
    ------
    TooFewLinesError
        If no product has `LEAST_LINES` lines.
    """
    known = known_lines(lines, as_of)
    if known.empty or known["sku"].value_counts().iloc[0] < LEAST_LINES:
        raise TooFewLinesError(f"no product of {len(known)} lines has {LEAST_LINES} of them")
    first, last = known["ordered_at"].iloc[0], known["ordered_at"].iloc[-1]
    end = last.normalize() + pd.Timedelta(days=1)
    cut = end - pd.Timedelta(days=TEST_DAYS)
    params = {
        "weights": asdict(WEIGHTS),
        "neighbours": NEIGHBOURS,
        "least_lines": LEAST_LINES,
        "damping": DAMPING,
        "again_days": AGAIN_DAYS,
        "popular_days": POPULAR_DAYS,
        "own_length": OWN_LENGTH,
        "own_fade_days": OWN_FADE_DAYS,
        "own_prior": OWN_PRIOR,
    }
    early = known[known["ordered_at"] < cut]
    metrics = []
    if len(early) and early["sku"].value_counts().iloc[0] >= LEAST_LINES:
        metrics = evaluate(known, cut, Recommender(_fit(early), WEIGHTS))
    files = pack(_fit(known))
    training = Training(
        as_of=as_of,
        data_from=str(first.date()),
        data_to=str(end.date()),
        rows=len(known),
        seed=seed,
        params=params,
    )
    return build(FAMILY, training, files, metrics)


def _fit(known: pd.DataFrame) -> Tables:
    """Count the tables from purchases that `known_lines` returned."""
    counts = known["sku"].value_counts()
    skus = sorted(counts.index[counts >= LEAST_LINES])
    places = pd.Index(skus).get_indexer(pd.Index(known["sku"]))
    rows, places = known[places >= 0], places[places >= 0]
    orders, names = pd.factorize(rows["order_id"])
    sizes = np.bincount(orders, minlength=len(names))
    # Large orders pair everything with everything, so each of their pairs says less.
    weight = (1.0 / np.log2(1.0 + sizes))[orders].astype(np.float32)
    shape = (len(names), len(skus))
    bought = sparse.csr_matrix((np.ones(len(rows), dtype=np.float32), (orders, places)), shape)
    weighted = sparse.csr_matrix((weight, (orders, places)), shape)
    starts, neighbours, strengths = _nearest(weighted, bought)
    latest = rows["ordered_at"] >= rows["ordered_at"].max() - pd.Timedelta(days=POPULAR_DAYS)
    share = np.bincount(places[latest.to_numpy()], minlength=len(skus))
    placed = rows.assign(place=places)
    again = _again(placed, len(skus))
    subjects, own_starts, own_places, own_rates = _own(placed, again)
    return Tables(
        skus=tuple(skus),
        subjects=subjects,
        starts=starts,
        neighbours=neighbours,
        strengths=strengths,
        own_starts=own_starts,
        own_places=own_places,
        own_rates=own_rates,
        again=again,
        popular=(share / max(1, rows.loc[latest, "order_id"].nunique())).astype(np.float32),
    )


def _nearest(
    weighted: sparse.csr_matrix, bought: sparse.csr_matrix
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Return each product's strongest neighbours in compressed rows, strongest first."""
    together = sparse.csr_matrix(weighted.T @ bought)
    own = together.diagonal()
    lines = np.asarray(bought.sum(axis=0)).ravel()
    damped = (lines / lines.mean()) ** DAMPING
    starts, neighbours, strengths = [0], [], []
    for start in range(0, len(own), _BLOCK):
        block = together[start : start + _BLOCK].toarray()
        size = len(block)
        block /= np.maximum(own[start : start + size, None], 1e-9) * damped[None, :]
        block[np.arange(size), np.arange(start, start + size)] = 0.0
        for row in block:
            best = np.argpartition(-row, min(NEIGHBOURS, len(row) - 1))[:NEIGHBOURS]
            best = np.sort(best[row[best] > 0])
            best = best[np.argsort(-row[best], kind="stable")]
            neighbours.append(best)
            strengths.append(row[best])
            starts.append(starts[-1] + len(best))
    return (
        np.array(starts, dtype=np.int64),
        np.concatenate(neighbours).astype(np.int32),
        np.concatenate(strengths).astype(np.float32),
    )


def _again(rows: pd.DataFrame, products: int) -> NDArray[np.float32]:
    """Return each product's rate of purchases that the same shopper repeats within weeks."""
    named = rows[rows["subject"] != ""]
    later = named.groupby(["subject", "place"], sort=False)["ordered_at"].shift(-1)
    window = pd.Timedelta(days=AGAIN_DAYS)
    # Purchases too young to have been repeated would count as never repeated.
    ripe = named["ordered_at"] < named["ordered_at"].max() - window
    repeated = ((later - named["ordered_at"]) <= window)[ripe]
    of = named.loc[ripe, "place"].to_numpy()
    total = np.bincount(of, minlength=products)
    hits = np.bincount(of, weights=repeated.to_numpy(dtype=np.float64), minlength=products)
    mean = float(repeated.mean()) if len(repeated) else 0.5
    return np.asarray((hits + AGAIN_PRIOR * mean) / (total + AGAIN_PRIOR), dtype=np.float32)


def _own(
    rows: pd.DataFrame, again: NDArray[np.float32]
) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Return each shopper's most bought products and their rates in compressed rows, highest first.

    A rate is the share of the shopper's orders with the product, both faded by age, times the root
    of the rate at which anybody buys it again.
    """
    named = rows[rows["subject"] != ""]
    age = (rows["ordered_at"].max() - named["ordered_at"]) / pd.Timedelta(days=1)
    named = named.assign(weight=np.exp(-age / OWN_FADE_DAYS))
    orders = named.drop_duplicates(["subject", "order_id"]).groupby("subject")["weight"].sum()
    bought = named.groupby(["subject", "place"])["weight"].sum().reset_index()
    held = orders.reindex(bought["subject"]).to_numpy() + OWN_PRIOR
    bought["rate"] = bought["weight"] / held * np.sqrt(again[bought["place"]])
    best = bought.sort_values(["subject", "rate", "place"], ascending=[True, False, True])
    best = best.groupby("subject", sort=True).head(OWN_LENGTH)
    lengths = best.groupby("subject", sort=True).size()
    return (
        tuple(lengths.index),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        best["place"].to_numpy(dtype=np.int32),
        best["rate"].to_numpy(dtype=np.float32),
    )
