"""The Bayesian average: between what was assumed and what people say, and never the wrong way."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront_api.platform.errors import InvalidError
from storefront_api.social import cursor
from storefront_api.social.cursor import Mark, Sort
from storefront_api.social.rating import Prior, mean, weighted

COUNTS = st.lists(st.integers(0, 10**9), min_size=5, max_size=5)
SOME = COUNTS.filter(any)


@st.composite
def priors(draw: st.DrawFn) -> Prior:
    weight = draw(st.integers(1, 1000))
    total = draw(st.integers(weight, 5 * weight))
    return Prior(1, weight, total, "drawn", datetime(2017, 1, 1, tzinfo=UTC))


@given(SOME, priors())
def test_it_is_between_the_prior_and_the_mean(stars: list[int], prior: Prior) -> None:
    shown, observed = weighted(stars, prior), mean(stars)
    assert observed is not None
    low, high = sorted((observed, prior.mean))
    assert low <= shown <= high
    assert (low < shown < high) == (low < high)
    assert 1 <= shown <= 5


@given(priors())
def test_without_ratings_it_is_the_prior(prior: Prior) -> None:
    assert weighted([0] * 5, prior) == prior.mean
    assert mean([0] * 5) is None


@given(COUNTS, priors(), st.integers(1, 5))
def test_one_more_rating_draws_it_to_itself(stars: list[int], prior: Prior, number: int) -> None:
    more = [count + (at == number) for at, count in enumerate(stars, start=1)]
    before, after = weighted(stars, prior), weighted(more, prior)
    assert (after > before) == (number > before)
    assert (after < before) == (number < before)


@given(SOME, priors(), st.data())
def test_a_better_rating_in_place_of_a_worse_one_raises_it(
    stars: list[int], prior: Prior, data: st.DataObject
) -> None:
    worse = [at for at, count in enumerate(stars[:4]) if count]
    if not worse:
        return
    old = data.draw(st.sampled_from(worse))
    new = data.draw(st.integers(old + 1, 4))
    changed = list(stars)
    changed[old] -= 1
    changed[new] += 1
    assert weighted(changed, prior) > weighted(stars, prior)


@given(SOME, priors(), st.integers(2, 1000))
def test_with_more_of_the_same_ratings_it_comes_nearer_to_their_mean(
    stars: list[int], prior: Prior, times: int
) -> None:
    observed = mean(stars)
    assert observed is not None
    many = [count * times for count in stars]
    assert mean(many) == observed
    assert abs(weighted(many, prior) - observed) <= abs(weighted(stars, prior) - observed)


def test_one_rating_of_five_stars_is_worth_less_than_a_hundred_of_nearly_five() -> None:
    prior = Prior(1, 5, 15, "one of each", datetime(2017, 1, 1, tzinfo=UTC))
    assert weighted([0, 0, 0, 0, 1], prior) == Fraction(20, 6)
    assert weighted([0, 0, 0, 20, 80], prior) > weighted([0, 0, 0, 0, 1], prior)


MARKS = st.builds(
    Mark, sort=st.sampled_from(Sort), key=st.integers(0, 2**53), review_id=st.uuids(version=4)
)


@given(MARKS)
def test_a_cursor_is_read_as_it_was_written_and_by_its_own_list_alone(mark: Mark) -> None:
    text = cursor.write(mark)
    assert cursor.read(text, mark.sort) == mark
    for other in set(Sort) - {mark.sort}:
        with pytest.raises(InvalidError):
            cursor.read(text, other)


@pytest.mark.parametrize("text", ["x", "e30=", "====", "eyJzb3J0Ijoi", "ä"])
def test_what_no_page_gave_is_no_cursor(text: str) -> None:
    with pytest.raises(InvalidError) as caught:
        cursor.read(text, Sort.NEWEST)
    assert caught.value.problem.field == "query.after"


def test_the_empty_cursor_begins() -> None:
    assert cursor.read("", Sort.NEWEST) is None
