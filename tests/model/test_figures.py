"""On later days each family beats what needs no model; shuffled data leave it at chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models import demand, fraud, recommend
from models.artifacts import Artifact, Metric
from models.demand.evaluate import LAST_WEEKDAY, WEEKDAYS
from models.recommend.evaluate import POPULAR
from tests.model.conftest import AS_OF

SEED = 3


def figure(artifact: Artifact, name: str, baseline: str = "") -> Metric:
    """Return a figure of an artifact by its name and the start of its baseline."""
    (found,) = [
        metric
        for metric in artifact.metrics
        if metric.name == name and metric.baseline.startswith(baseline)
    ]
    return found


@pytest.fixture(scope="module")
def recommender(lines: pd.DataFrame) -> Artifact:
    return recommend.train(lines, as_of=AS_OF, seed=SEED)


@pytest.fixture(scope="module")
def detector(orders: pd.DataFrame) -> Artifact:
    return fraud.train(orders, as_of=AS_OF, seed=SEED)


@pytest.fixture(scope="module")
def forecaster(daily: pd.DataFrame) -> Artifact:
    return demand.train(daily, as_of=AS_OF, seed=SEED)


@pytest.mark.parametrize("name", ["ndcg@10", "recall@10"])
def test_next_baskets_are_foreseen_better_than_by_popularity(
    recommender: Artifact, name: str
) -> None:
    found = figure(recommender, name, POPULAR)
    assert found.value > 1.2 * found.baseline_value


def test_baskets_of_shuffled_products_are_foreseen_no_better_than_by_popularity(
    lines: pd.DataFrame,
) -> None:
    shuffled = np.random.default_rng(SEED).permutation(lines["sku"].to_numpy())
    found = figure(
        recommend.train(lines.assign(sku=shuffled), as_of=AS_OF, seed=SEED), "ndcg@10", POPULAR
    )
    assert found.value < 1.1 * found.baseline_value


@pytest.mark.parametrize("name", ["auc", "average_precision", "precision@5%"])
def test_fraud_is_ranked_better_than_by_the_rule(detector: Artifact, name: str) -> None:
    assert figure(detector, name).beats_baseline


def test_fraud_is_ranked_well(detector: Artifact) -> None:
    assert figure(detector, "auc").value > 0.9


def test_shuffled_labels_teach_nothing_about_fraud(orders: pd.DataFrame) -> None:
    order = np.random.default_rng(SEED).permutation(len(orders))
    # A label moves with the delay after which it arrived, or half of them would never be known.
    delay = (orders["label_at"] - orders["ordered_at"]).to_numpy()[order]
    shuffled = orders.assign(
        is_fraud=orders["is_fraud"].to_numpy()[order], label_at=orders["ordered_at"] + delay
    )
    assert 0.35 < figure(fraud.train(shuffled, as_of=AS_OF, seed=SEED), "auc").value < 0.65


@pytest.mark.parametrize("baseline", [LAST_WEEKDAY, WEEKDAYS])
def test_demand_is_foreseen_better_than_by_past_weekdays(
    forecaster: Artifact, baseline: str
) -> None:
    assert figure(forecaster, "pinball", baseline).beats_baseline


def test_the_interval_holds_about_as_many_days_as_it_says(forecaster: Artifact) -> None:
    assert figure(forecaster, "interval_80_miscoverage").value < 0.15
    assert figure(forecaster, "p90_misexceedance").value < 0.06


@pytest.mark.parametrize("family", ["recommender", "detector", "forecaster"])
def test_figures_are_of_days_that_end_before_the_instant(
    family: str, request: pytest.FixtureRequest
) -> None:
    artifact: Artifact = request.getfixturevalue(family)
    for metric in artifact.metrics:
        assert metric.window_from < metric.window_to <= AS_OF.date().isoformat()
        assert metric.n > 0
