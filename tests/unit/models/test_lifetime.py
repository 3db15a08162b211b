"""The lifetime models beside published fits, and beside the stories that their formulas tell."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from clvkit import GammaGamma

from deploy.cdnow.source import orders, worksheet
from models import lifetime
from models.lifetime import HORIZON_DAYS, Fit, Outlook, TooFewPurchasesError
from models.lifetime.evaluate import LATELY, SO_FAR
from models.lifetime.history import PurchaseError, before, histories
from models.lifetime.score import save

CALIBRATED = pd.Timestamp("1997-10-01")
PUBLISHED = Outlook(r=0.243, alpha=4.414, a=0.793, b=2.426, p=6.25, q=3.74, v=1544.0)
TODAY = pd.Timestamp("2020-01-01")


@pytest.fixture(scope="module")
def cdnow() -> pd.DataFrame:
    """Days with an order of the published tenth of CDNOW's customers."""
    found = orders()
    found = found[found["customer"].isin(worksheet().index)]
    days = found.groupby(["customer", "day"])["total_minor"].sum().reset_index()
    return days.set_axis(["subject", "day", "net_minor"], axis="columns")


@pytest.fixture(scope="module")
def fitted(cdnow: pd.DataFrame) -> Fit:
    return lifetime.fit(cdnow, CALIBRATED)


def test_the_fit_to_cdnow_is_the_published_one(fitted: Fit) -> None:
    found = fitted.outlook
    assert (found.r, found.alpha, found.a, found.b) == pytest.approx(
        (PUBLISHED.r, PUBLISHED.alpha, PUBLISHED.a, PUBLISHED.b), abs=5e-4
    )
    assert fitted.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    assert (found.p, found.q, found.v / 100) == pytest.approx((6.25, 3.74, 15.44), abs=5e-3)


def test_histories_are_those_of_the_published_worksheet(cdnow: pd.DataFrame) -> None:
    known = histories(before(cdnow, CALIBRATED), CALIBRATED).to_pandas()
    published = worksheet()
    assert known["frequency"].to_dict() == published["frequency"].to_dict()
    for name in ("recency", "T"):
        assert (known[name] - published[name]).abs().max() < 0.006
    again = known[known["frequency"] > 0]
    assert (len(known), len(again)) == (2357, 946)
    assert again["monetary_value"].mean() / 100 == pytest.approx(35.08, abs=0.005)


def told(weeks: list[float], length: float) -> pd.DataFrame:
    """Return the days of one shopper who first came ``length`` weeks before today."""
    first = TODAY - pd.Timedelta(days=round(7 * length) + 1)
    days = [first, *(first + pd.Timedelta(days=round(7 * week)) for week in weeks)]
    return pd.DataFrame({"subject": "s", "day": days, "net_minor": 3000})


def test_a_customer_of_the_published_example_is_expected_as_published() -> None:
    # Hardie's worksheet: x = 2, t_x = 30.43, T = 38.86, of the following 39 weeks.
    row = PUBLISHED.ahead(told([10, 30.43], 38.86), TODAY, 39 * 7).iloc[0]
    assert row["expected_purchases"] == pytest.approx(1.226, abs=5e-4)
    assert row["purchase_days"] == 3


@pytest.mark.parametrize("weeks", [[], [2.0], [3.0, 9.0, 20.0], [1.0, 2.0, 3.0, 4.0, 38.0]])
def test_expectations_are_those_of_drawn_shoppers_with_the_same_history(weeks: list[float]) -> None:
    random, count, ahead = np.random.default_rng(3), 400_000, HORIZON_DAYS / 7
    purchases = told(weeks, 39.0)
    (known,) = histories(purchases, TODAY).to_pandas().to_dict("records")
    x, last, age = known["frequency"], known["recency"], known["T"]
    rate = random.gamma(PUBLISHED.r, 1 / PUBLISHED.alpha, count)
    leaving = random.beta(PUBLISHED.a, PUBLISHED.b, count)
    stayed = (1 - leaving) ** x * rate**x * np.exp(-rate * age)
    left = leaving * (1 - leaving) ** (x - 1) * rate**x * np.exp(-rate * last) if x else 0.0
    whole = (stayed + left).sum()
    then = (1 - np.exp(-rate * leaving * ahead)) / leaving
    row = PUBLISHED.ahead(purchases, TODAY, HORIZON_DAYS).iloc[0]
    assert row["p_alive"] == pytest.approx(stayed.sum() / whole, rel=0.02)
    assert row["expected_purchases"] == pytest.approx((stayed * then).sum() / whole, rel=0.02)


def test_a_purchase_is_worth_what_the_library_says_of_its_own_fit(cdnow: pd.DataFrame) -> None:
    base = histories(before(cdnow, CALIBRATED), CALIBRATED)
    model = GammaGamma().fit(base)
    assert model.p is not None
    assert model.q is not None
    assert model.gamma is not None
    ours = Outlook(1, 1, 1.5, 1, model.p, model.q, model.gamma).of(base, 7)
    theirs = model.predict().to_pandas()["expected_spend"]
    assert ours.set_index("subject")["expected_purchase_minor"].sort_index().to_numpy() == (
        pytest.approx(theirs.sort_index().to_numpy(), rel=1e-12)
    )


def test_a_day_refunded_in_full_is_a_purchase_that_says_nothing_of_worth() -> None:
    paid, refunded = told([], 20.0), told([5.0], 20.0).assign(net_minor=[3000, 0])
    once, twice = (PUBLISHED.ahead(x, TODAY, HORIZON_DAYS).iloc[0] for x in (paid, refunded))
    assert twice["expected_purchase_minor"] == once["expected_purchase_minor"]
    assert (once["purchase_days"], twice["purchase_days"]) == (1, 2)


def drawn(count: int = 600, weeks: int = 100, seed: int = 8) -> pd.DataFrame:
    """Return the days of shoppers who order at random and may leave with each order."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        at, end = random.uniform(0, weeks * 5), weeks * 7
        rate, leaving = random.gamma(0.8, 1 / 20), random.beta(1.2, 4)
        mean = random.gamma(8, 400)
        while at < end:
            rows.append((f"s{number}", int(at), round(mean * random.uniform(0.5, 1.5))))
            if random.random() < leaving:
                break
            at += random.exponential(1 / max(rate, 1e-9))
    frame = pd.DataFrame(rows, columns=["subject", "day", "net_minor"])
    frame["day"] = TODAY - pd.to_timedelta(weeks * 7 - frame["day"], unit="D")
    return frame.groupby(["subject", "day"])["net_minor"].sum().reset_index()


def test_training_beats_going_on_as_so_far_where_shoppers_leave() -> None:
    purchases = drawn()
    artifact = lifetime.train(purchases, as_of=datetime(2020, 1, 1, tzinfo=UTC))
    figures = {(m.name, m.baseline): m for m in artifact.metrics}
    assert set(figures) == {
        (f"{x}_rmse", y) for x in ("purchases", "value") for y in (SO_FAR, LATELY)
    }
    assert all(metric.beats_baseline for metric in artifact.metrics)
    first = artifact.metrics[0]
    cut = pd.Timestamp(first.window_from)
    assert (pd.Timestamp(first.window_to) - cut).days == HORIZON_DAYS
    # Once more, one shopper after the other.
    expected = lifetime.fit(purchases, cut).outlook.ahead(purchases, cut, HORIZON_DAYS)
    errors, naive = [], []
    by_subject = dict(list(purchases.groupby("subject")["day"]))
    for row in expected.to_dict("records"):
        days = by_subject[row["subject"]]
        real = int(((days >= cut) & (days < TODAY)).sum())
        errors.append((row["expected_purchases"] - real) ** 2)
        rate = (days < cut).sum() / (cut - days.min()).days
        naive.append((rate * HORIZON_DAYS - real) ** 2)
    assert first.n == len(expected)
    assert (first.value, first.baseline_value) == pytest.approx(
        (np.mean(errors) ** 0.5, np.mean(naive) ** 0.5)
    )
    assert (
        lifetime.load(artifact.files, artifact.manifest) == lifetime.fit(purchases, TODAY).outlook
    )


def test_nothing_from_the_instant_on_is_looked_at(cdnow: pd.DataFrame, fitted: Fit) -> None:
    known = cdnow[cdnow["day"] < CALIBRATED]
    assert lifetime.fit(known, CALIBRATED) == fitted
    pd.testing.assert_frame_equal(
        fitted.outlook.ahead(cdnow, CALIBRATED, 7), fitted.outlook.ahead(known, CALIBRATED, 7)
    )


def test_a_young_store_has_nothing_to_learn_from() -> None:
    young = told([1.0], 3.0)
    with pytest.raises(TooFewPurchasesError, match="1 shoppers who came back are fewer than"):
        lifetime.fit(young, TODAY)
    with pytest.raises(TooFewPurchasesError, match="0 shoppers"):
        lifetime.fit(young, TODAY - pd.Timedelta(days=700))
    assert PUBLISHED.ahead(young.iloc[:0], TODAY, 7).empty


def test_a_store_too_young_to_hold_days_out_is_fitted_without_a_figure() -> None:
    recent = drawn(weeks=30)
    recent = recent[recent["day"] >= TODAY - pd.Timedelta(days=HORIZON_DAYS - 1)]
    assert lifetime.train(recent, as_of=datetime(2020, 1, 1, tzinfo=UTC)).metrics == []


def test_what_cannot_be_is_refused_by_name(fitted: Fit) -> None:
    with pytest.raises(PurchaseError, match="net_minor: at least 0, but there is -1"):
        lifetime.fit(told([], 3.0).assign(net_minor=-1), TODAY)
    with pytest.raises(ValueError, match="time_unit: 'D' is not 'W'"):
        lifetime.load(save(fitted.outlook), {"params": {"time_unit": "D"}})
