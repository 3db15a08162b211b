"""Which labels are known when, and what is measured of a ranking."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import fraud
from models.features import ORDER_FRAUD
from models.fraud.evaluate import evaluate, precision_within, rule_scores
from models.fraud.train import HISTORY, LABEL_DELAY, TooFewLabelsError, known_rows

AS_OF = datetime(2017, 12, 29, tzinfo=UTC)
DAY = timedelta(days=1)


def reported(instants: list[datetime | None]) -> pd.Series:
    """Return when chargebacks arrived; none for a good order."""
    return pd.to_datetime(pd.Series(instants, dtype="object"), utc=True)


def orders(*rows: tuple[timedelta, int, timedelta | None]) -> pd.DataFrame:
    """Return orders by their age, whether they are fraud, and their label's age."""
    return pd.DataFrame(
        {
            "ordered_at": [AS_OF - age for age, _, _ in rows],
            "is_fraud": [is_fraud for _, is_fraud, _ in rows],
            "label_at": reported([None if age is None else AS_OF - age for _, _, age in rows]),
        }
    )


def test_an_order_younger_than_the_delay_is_neither_good_nor_bad_yet() -> None:
    frame = orders((LABEL_DELAY, 0, None), (LABEL_DELAY, 1, DAY), (LABEL_DELAY + DAY, 0, None))
    assert known_rows(frame, AS_OF).index.tolist() == [2]


def test_a_chargeback_that_had_not_arrived_is_not_known() -> None:
    old = LABEL_DELAY + DAY
    frame = orders((old, 1, DAY), (old, 1, timedelta(0)), (old, 1, -DAY))
    assert known_rows(frame, AS_OF)["is_fraud"].tolist() == [1, 0, 0]


def test_orders_before_anybody_reported_fraud_are_left_out() -> None:
    frame = orders((HISTORY + DAY, 0, None), (HISTORY, 0, None))
    assert known_rows(frame, AS_OF).index.tolist() == [1]


def planted(count: int = 1200, days: int = 15, frauds: float = 0.06, seed: int = 5) -> pd.DataFrame:
    """Return orders of which those by a card in a burst are fraud."""
    source = np.random.default_rng(seed)
    bad = source.random(count) < frauds
    frame = pd.DataFrame(
        {name: source.integers(0, 3, count).astype("float64") for name in ORDER_FRAUD.names}
    )
    frame["card_orders_1h"] = np.where(bad, source.integers(3, 6, count), 0)
    start = AS_OF - LABEL_DELAY - timedelta(days=days)
    at_all = [start + timedelta(days=days) * (n / count) for n in range(count)]
    frame["ordered_at"] = at_all
    frame["order_date"] = [at.date() for at in at_all]
    frame["is_fraud"] = bad.astype("int64")
    frame["label_at"] = reported(
        [at + 3 * DAY if fraudulent else None for at, fraudulent in zip(at_all, bad, strict=True)]
    )
    frame["order_id"] = [f"o{n:05d}" for n in range(count)]
    return frame


def test_labels_and_orders_of_the_future_change_nothing() -> None:
    frame = planted()
    future = planted().assign(ordered_at=AS_OF + DAY, order_id="later")
    both = pd.concat([frame, future], ignore_index=True)
    alone = fraud.train(frame, as_of=AS_OF, seed=1)
    assert fraud.train(both, as_of=AS_OF, seed=1).version == alone.version


def test_a_burst_is_reviewed_and_the_reason_given() -> None:
    artifact = fraud.train(planted(), as_of=AS_OF, seed=1)
    scorer = fraud.load(artifact.files, artifact.manifest)
    burst = scorer.score({"amount_minor": 1, "card_orders_1h": 5})
    calm = scorer.score({"amount_minor": 1, "card_orders_1h": 0})
    assert (burst.action, calm.action) == ("review", "allow")
    assert 0 <= calm.score < burst.score <= 1
    assert burst.reasons[0].startswith("card_orders_1h is 5: Orders paid by this card")
    assert len(burst.reasons) <= 3


def test_the_threshold_sends_about_the_teams_share_of_unseen_orders_to_review() -> None:
    # Nothing to learn, so that what the trees know of their own orders says nothing of others.
    frame = planted()
    source = np.random.default_rng(6)
    shape = (len(frame), len(ORDER_FRAUD.names))
    frame[ORDER_FRAUD.names] = source.random(shape)
    artifact = fraud.train(frame, as_of=AS_OF, seed=1)
    scorer = fraud.load(artifact.files, artifact.manifest)
    rows = pd.DataFrame(source.random(shape), columns=ORDER_FRAUD.names).to_dict("records")
    reviewed = [scorer.score({str(k): v for k, v in row.items()}).action for row in rows]
    assert 0.03 <= reviewed.count("review") / len(rows) <= 0.08


def test_an_unknown_feature_is_refused() -> None:
    artifact = fraud.train(planted(), as_of=AS_OF, seed=1)
    with pytest.raises(KeyError, match="shoe_size"):
        fraud.load(artifact.files, artifact.manifest).score({"shoe_size": 44.0})


def test_too_few_chargebacks_are_refused() -> None:
    with pytest.raises(TooFewLabelsError, match="0 frauds"):
        fraud.train(planted(frauds=0.0), as_of=AS_OF, seed=1)


def test_a_single_day_trains_a_model_without_figures() -> None:
    one = planted()
    one["ordered_at"] = pd.Timestamp(AS_OF - LABEL_DELAY - DAY)
    one["order_date"] = one["ordered_at"].dt.date
    one["label_at"] = one["label_at"].mask(one["is_fraud"] == 1, pd.Timestamp(AS_OF - DAY))
    assert fraud.train(one, as_of=AS_OF, seed=1).metrics == []


def test_the_rule_ranks_by_uses_of_the_card_then_by_amount() -> None:
    frame = pd.DataFrame({"card_orders_24h": [0, 2, 2], "amount_minor": [9000, 10, 20]})
    assert np.argsort(-rule_scores(frame)).tolist() == [2, 1, 0]


def test_precision_within_the_budget_worked_by_hand() -> None:
    labels = np.array([0, 1, 0, 1])
    assert precision_within(labels, np.array([0.9, 0.8, 0.1, 0.2]), 0.5) == 0.5


@given(st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=1, max_size=50))
def test_precision_is_a_share(rows: list[tuple[int, float]]) -> None:
    labels = np.array([label for label, _ in rows])
    assert 0 <= precision_within(labels, np.array([score for _, score in rows]), 0.05) <= 1


def test_a_window_without_fraud_has_no_figures() -> None:
    frame = planted(count=20).assign(is_fraud=0)
    assert evaluate(frame, np.zeros(20)) == []
