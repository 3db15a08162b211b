"""The recommender's slates, and the baskets that it is measured on."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import recommend
from models.recommend.evaluate import OWN, POPULAR, Case, cases, gains, own_frequent
from models.recommend.score import AGAIN, WITH_CART, WITH_RECENT, Recommender
from models.recommend.score import OWN as BOUGHT_OFTEN
from models.recommend.score import POPULAR as IS_POPULAR
from models.recommend.train import LEAST_LINES, TooFewLinesError, known_lines

AS_OF = datetime(2017, 6, 1, tzinfo=UTC)
ORDERS = 400


def purchases() -> pd.DataFrame:
    """Return orders in which bread goes with butter and tea with honey; milk is in most."""
    rows = []
    for order in range(ORDERS):
        pair = ("bread", "butter") if order % 2 else ("honey", "tea")
        basket = [*pair, "milk"] if order % 3 else [*pair]
        at = pd.Timestamp("2017-03-01", tz="UTC") + pd.Timedelta(hours=5 * order)
        rows += [(f"o{order:03d}", f"s{order % 10}", sku, at, 1, "each") for sku in basket]
    columns = ["order_id", "subject", "sku", "ordered_at", "quantity", "unit"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture(scope="module")
def model() -> Recommender:
    artifact = recommend.train(purchases(), as_of=AS_OF, seed=1)
    return recommend.load(artifact.files, artifact.manifest)


SKUS = ["bread", "butter", "honey", "milk", "tea"]
some = st.lists(st.sampled_from([*SKUS, "unheard of"]), max_size=8)


shoppers = st.sampled_from(["", "s1", "nobody"])


@given(subject=shoppers, recent=some, context=some, k=st.integers(0, 8))
def test_a_slate_is_ranked_names_each_product_once_and_none_of_the_context(
    model: Recommender, subject: str, recent: list[str], context: list[str], k: int
) -> None:
    slate = model.recommend(subject=subject, recent=recent, context=context, k=k)
    skus = [item.sku for item in slate]
    scores = [item.score for item in slate]
    assert len(slate) == min(k, len(set(SKUS) - set(context)))
    assert len(set(skus)) == len(skus)
    assert set(skus).isdisjoint(context)
    assert scores == sorted(scores, reverse=True)
    assert all(np.isfinite(scores))


@given(subject=shoppers, recent=some, context=some, k=st.integers(0, 4))
def test_a_shorter_slate_is_the_start_of_a_longer_one(
    model: Recommender, subject: str, recent: list[str], context: list[str], k: int
) -> None:
    longer = model.recommend(subject=subject, recent=recent, context=context, k=k + 1)
    assert model.recommend(subject=subject, recent=recent, context=context, k=k) == longer[:k]


def test_what_is_bought_together_comes_together(model: Recommender) -> None:
    (first,) = model.recommend(subject="", recent=[], context=["bread"], k=1)
    assert (first.sku, first.reason) == ("butter", WITH_CART)
    (first,) = model.recommend(subject="", recent=[], context=["tea"], k=1)
    assert (first.sku, first.reason) == ("honey", WITH_CART)


def test_a_stranger_is_shown_what_is_popular(model: Recommender) -> None:
    (first,) = model.recommend(subject="", recent=[], context=[], k=1)
    assert (first.sku, first.reason) == ("milk", IS_POPULAR)


@pytest.mark.parametrize(
    ("subject", "pair"), [("s1", {"bread", "butter"}), ("s4", {"honey", "tea"})]
)
def test_a_shopper_is_shown_what_they_buy(model: Recommender, subject: str, pair: set[str]) -> None:
    slate = model.recommend(subject=subject, recent=[], context=[], k=5)
    assert {item.sku for item in slate[:3]} == pair | {"milk"}
    assert {item.reason for item in slate[:3]} == {BOUGHT_OFTEN}
    assert {item.reason for item in slate[3:]} == {IS_POPULAR}


def test_what_was_bought_lately_counts_more_than_what_was_bought_long_ago() -> None:
    lines = purchases()
    own = lines["subject"] == "s2"
    late = lines["ordered_at"] > lines["ordered_at"].median()
    lines.loc[own & late & (lines["sku"] == "tea"), "sku"] = "bread"
    artifact = recommend.train(lines, as_of=AS_OF, seed=1)
    model = recommend.load(artifact.files, artifact.manifest)
    skus = [i.sku for i in model.recommend(subject="s2", recent=[], context=[], k=5)]
    assert skus.index("bread") < skus.index("tea")


def test_every_product_has_a_reason_in_words(model: Recommender) -> None:
    slate = model.recommend(subject="", recent=["bread"], context=["tea"], k=5)
    assert {item.reason for item in slate} <= {
        BOUGHT_OFTEN,
        AGAIN,
        WITH_CART,
        WITH_RECENT,
        IS_POPULAR,
    }


def test_nothing_from_the_instant_on_is_learned_from() -> None:
    later = purchases().assign(ordered_at=pd.Timestamp(AS_OF), sku="tomorrow")
    both = pd.concat([purchases(), later], ignore_index=True)
    alone = recommend.train(purchases(), as_of=AS_OF, seed=1)
    assert recommend.train(both, as_of=AS_OF, seed=1).version == alone.version


def test_fuel_and_lines_with_nothing_bought_are_not_purchases() -> None:
    lines = purchases().head(4)
    lines["quantity"] = [0, 1, 1, 1]
    lines["unit"] = ["each", "milli", "each", "each"]
    assert len(known_lines(lines, AS_OF)) == 2


def test_a_product_that_is_hardly_sold_is_not_recommended() -> None:
    lines = purchases()
    lines.loc[: LEAST_LINES - 2, "sku"] = "rare"
    artifact = recommend.train(lines, as_of=AS_OF, seed=1)
    slate = recommend.load(artifact.files, artifact.manifest).recommend(
        subject="", recent=[], context=[], k=99
    )
    assert "rare" not in {item.sku for item in slate}


def test_too_few_lines_are_refused() -> None:
    with pytest.raises(TooFewLinesError):
        recommend.train(purchases().head(LEAST_LINES - 1), as_of=AS_OF, seed=1)


def test_a_basket_is_foreseen_from_strictly_earlier_purchases() -> None:
    at = pd.to_datetime(["2017-01-01", "2017-01-08", "2017-01-08", "2017-01-09"], utc=True)
    known = pd.DataFrame(
        {
            "order_id": ["a", "b", "c", "d"],
            "subject": ["s"] * 4,
            "sku": ["w", "x", "y", "z"],
            "ordered_at": at,
        }
    )
    found = [(set(c.bought), list(c.before)) for c in cases(known, pd.Timestamp(at[1]))]
    assert found == [({"x"}, ["w"]), ({"y"}, ["w"]), ({"z"}, ["w", "x", "y"])]


def test_gains_worked_by_hand() -> None:
    ndcg, recall = gains(frozenset({"a", "b"}), ["x", "a"])
    assert recall == 0.5
    assert ndcg == pytest.approx((1 / np.log2(3)) / (1 + 1 / np.log2(3)))


@given(st.sets(st.integers(0, 30), min_size=1), st.permutations(range(20)))
def test_gains_lie_between_none_and_all(bought: set[int], slate: list[int]) -> None:
    ndcg, recall = gains(frozenset(map(str, bought)), list(map(str, slate)))
    assert 0 <= ndcg <= 1 + 1e-9
    assert 0 <= recall <= 1


def test_the_personal_baseline_is_filled_up_with_popular_products() -> None:
    case = Case("s", frozenset({"x"}), ["a", "b", "a", "c"])
    assert own_frequent(case, ["a", "p"]) == ["a", "c", "b", "p"]


def test_both_baselines_stand_beside_every_figure() -> None:
    metrics = recommend.train(purchases(), as_of=AS_OF, seed=1).metrics
    assert [(m.name, m.baseline) for m in metrics] == [
        ("ndcg@10", POPULAR),
        ("recall@10", POPULAR),
        ("ndcg@10", OWN),
        ("recall@10", OWN),
    ]
