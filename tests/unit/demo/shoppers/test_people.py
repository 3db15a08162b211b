"""People are as the parameters say: distributions against their own formulas, on a fixed seed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from deploy.demo.shoppers.parameters import load_parameters
from deploy.demo.shoppers.people import BOT, FRAUDSTER, HUMAN, make_people

PARAMETERS = load_parameters()
MODEL = PARAMETERS.people
COUNT = 20_000
PEOPLE = make_people(11, COUNT, PARAMETERS)
HUMANS = PEOPLE.kind == HUMAN
UNLIKELY = 0.001
"""A sound distribution falls below this once in a thousand seeds; the seed is fixed."""


def share_is(found: float, stated: float, of: int = COUNT) -> bool:
    """Return whether a share is within four standard errors of what is stated."""
    return bool(abs(found - stated) < 4 * np.sqrt(stated * (1 - stated) / of) + 1 / of)


def lognorm(median: float, sigma: float) -> stats.distributions.rv_frozen:
    """Return a log-normal distribution."""
    return stats.lognorm(sigma, scale=median)


GAMMA = MODEL.visits_per_day


@pytest.mark.parametrize(
    ("drawn", "stated"),
    [
        (PEOPLE.tastes.ravel(), stats.norm()),
        (
            PEOPLE.price_sensitivity,
            lognorm(MODEL.price_sensitivity.median, MODEL.price_sensitivity.sigma),
        ),
        (PEOPLE.green, stats.beta(MODEL.green.a, MODEL.green.b)),
        (
            PEOPLE.weekly_budget_minor + 0.5,
            lognorm(MODEL.weekly_budget_minor.median, MODEL.weekly_budget_minor.sigma),
        ),
        (
            PEOPLE.visits_per_day[HUMANS],
            stats.gamma(GAMMA.shape, scale=GAMMA.mean / GAMMA.shape),
        ),
        (PEOPLE.chronotype_h, stats.norm(scale=MODEL.chronotype_h)),
        (PEOPLE.patience, lognorm(1.0, MODEL.patience.sigma)),
    ],
    ids=["tastes", "price", "green", "budget", "visits", "chronotype", "patience"],
)
def test_an_attribute_has_the_stated_distribution(
    drawn: np.ndarray, stated: stats.distributions.rv_frozen
) -> None:
    assert stats.kstest(drawn, stated.cdf).pvalue > UNLIKELY


def test_the_check_of_distributions_would_see_another_one() -> None:
    assert stats.kstest(PEOPLE.green, stats.beta(2.2, 3.0).cdf).pvalue < UNLIKELY


@pytest.mark.parametrize(
    ("found", "stated"),
    [
        (np.mean(PEOPLE.kind == BOT), MODEL.bots),
        (np.mean(PEOPLE.kind == FRAUDSTER), MODEL.fraudsters),
        (np.mean(PEOPLE.consent), MODEL.consent),
        (np.mean(PEOPLE.guise >= 0), MODEL.bots),
        (np.mean(PEOPLE.guise == 0), MODEL.bots * PARAMETERS.bots.guises["declared"].share),
        (np.mean([c != "US" for c in PEOPLE.country]), MODEL.abroad),
        *[(np.mean(PEOPLE.devices == n + 1), share) for n, share in enumerate(MODEL.devices)],
        *[
            (np.mean(PEOPLE.device_kinds[:, 0] == n), share)
            for n, share in enumerate(MODEL.kinds.values())
        ],
    ],
)
def test_a_share_is_as_stated(found: float, stated: float) -> None:
    assert share_is(float(found), stated)


def test_only_fraudsters_have_a_scenario_and_each_scenario_has_its_share() -> None:
    scenarios = PEOPLE.scenario[PEOPLE.kind == FRAUDSTER]
    assert (PEOPLE.scenario[PEOPLE.kind != FRAUDSTER] == -1).all()
    for index, scenario in enumerate(PARAMETERS.fraud.scenarios.values()):
        assert share_is(float(np.mean(scenarios == index)), scenario.share, len(scenarios))


def test_a_fraudster_has_a_new_cookie_on_each_visit_and_others_keep_theirs() -> None:
    thief = int(np.flatnonzero(PEOPLE.kind == FRAUDSTER)[0])
    honest = int(np.flatnonzero(HUMANS)[0])
    assert PEOPLE.anonymous_id(thief, 0, "a") != PEOPLE.anonymous_id(thief, 0, "b")
    assert PEOPLE.anonymous_id(honest, 0, "a") == PEOPLE.anonymous_id(honest, 0, "b")
    assert PEOPLE.anonymous_id(honest, 0) != PEOPLE.anonymous_id(honest, 1)
