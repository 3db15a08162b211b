"""Visits come when and as often as the parameters say."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from deploy.demo.shoppers.parameters import Parameters, load_parameters
from deploy.demo.shoppers.people import BOT, HUMAN, make_people
from deploy.demo.shoppers.sessions import BEGINS, DAY_MS, Visit, running, visits, visits_of_day

PARAMETERS = load_parameters()
QUIET = PARAMETERS.model_copy(update={"promotions": []})
PEOPLE = make_people(5, 6_000, PARAMETERS)
BEGINS_MS = int(BEGINS.timestamp()) * 1000
WEEKS = 2
VISITS = list(visits(PEOPLE, QUIET, BEGINS, 7 * WEEKS))
OF_HUMANS = [v for v in VISITS if PEOPLE.kind[v.person] == HUMAN]


def by_day(found: list[Visit]) -> np.ndarray:
    """Return how many visits there are on each day."""
    return np.bincount([v.day for v in found], minlength=7 * WEEKS)


def test_visits_are_in_order_and_on_their_day_and_have_ids_of_their_own() -> None:
    assert all(a.at_ms <= b.at_ms for a, b in pairwise(VISITS))
    assert all(v.day == (v.at_ms - BEGINS_MS) // DAY_MS for v in VISITS)
    assert len({v.session_id for v in VISITS}) == len(VISITS)
    assert all(0 <= v.device < PEOPLE.devices[v.person] for v in VISITS)


def test_weekdays_differ_as_stated() -> None:
    found = by_day(OF_HUMANS).reshape(WEEKS, 7).sum(axis=0)
    wanted = np.array(PARAMETERS.visits.weekdays)
    assert stats.chisquare(found, wanted * found.sum() / wanted.sum()).pvalue > 0.001


def test_people_come_as_often_as_each_of_them_does() -> None:
    mean = PEOPLE.visits_per_day[PEOPLE.kind == HUMAN].sum() * sum(PARAMETERS.visits.weekdays)
    assert abs(len(OF_HUMANS) - mean * WEEKS) < 4 * np.sqrt(mean * WEEKS)


def test_hours_follow_the_profile_once_habits_are_taken_off() -> None:
    since_h = np.array([(v.at_ms - BEGINS_MS) % DAY_MS / 3_600_000 for v in OF_HUMANS])
    shifts = PEOPLE.chronotype_h[[v.person for v in OF_HUMANS]]
    hours = ((since_h - shifts) % 24).astype(int)
    wanted = np.array(PARAMETERS.visits.hours)
    found = np.bincount(hours, minlength=24)
    assert stats.chisquare(found, wanted * found.sum() / wanted.sum()).pvalue > 0.001


def test_bots_come_at_any_hour() -> None:
    hours = [
        (v.at_ms - BEGINS_MS) % DAY_MS // 3_600_000 for v in VISITS if PEOPLE.kind[v.person] == BOT
    ]
    assert stats.chisquare(np.bincount(hours, minlength=24)).pvalue > 0.001


def test_pages_are_inverse_gaussian() -> None:
    model = PARAMETERS.visits.pages
    own = [v for v in OF_HUMANS if v.pages < PARAMETERS.visits.most_pages]
    means = model.mean * PEOPLE.patience[[v.person for v in own]]

    def reached(pages: np.ndarray) -> np.ndarray:
        found = stats.invgauss.cdf(pages, means / model.shape, scale=model.shape)
        return np.asarray(found)

    pages = np.array([v.pages for v in own])
    # Randomised within each whole page, the distribution function's values are uniform.
    within = np.random.default_rng(0).random(len(own))
    low, high = reached(pages - 1), reached(pages)
    assert stats.kstest(low + within * (high - low), "uniform").pvalue > 0.001


def test_a_larger_world_has_the_same_visits_of_the_first_people() -> None:
    few = make_people(5, 300, PARAMETERS)
    wanted = [v for v in visits_of_day(PEOPLE, QUIET, BEGINS, 3) if v.person < 300]
    assert visits_of_day(few, QUIET, BEGINS, 3) == wanted


def test_another_seed_has_other_visits() -> None:
    other = make_people(6, 6_000, PARAMETERS)
    own = {v.session_id for v in visits_of_day(PEOPLE, QUIET, BEGINS, 0)}
    assert not own & {v.session_id for v in visits_of_day(other, QUIET, BEGINS, 0)}


def test_a_promotion_brings_more_people() -> None:
    first = PARAMETERS.promotions[0]
    day = first.first_day
    factor = len(visits_of_day(PEOPLE, PARAMETERS, BEGINS, day)) / by_day(VISITS)[day]
    assert factor == pytest.approx(first.uplift, abs=0.12)


def test_promotions_come_again() -> None:
    def days_of(parameters: Parameters, name: str) -> list[int]:
        found = ((day, running(parameters, day)) for day in range(32))
        return [day for day, promotion in found if promotion and promotion.name == name]

    assert days_of(PARAMETERS, "WEEKEND") == [4, 5, 6, 18, 19, 20]
    assert days_of(PARAMETERS, "MIDWEEK") == [9, 10, 23, 24]
