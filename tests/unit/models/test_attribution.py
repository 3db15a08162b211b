"""Credits worked out by hand, and what is no journey."""

from __future__ import annotations

from fractions import Fraction

import pytest

from models.attribution import Journey, JourneyError, credits, removal_effects, shapley_values

# Of three people, two come by mail, of whom one goes on to search; half of those who search order.
JOURNEYS = [
    Journey(("mail", "search"), 1, 101, 0),
    Journey(("mail",), 0, 0, 1),
    Journey(("search",), 0, 0, 1),
]


def test_a_channels_removal_loses_what_would_have_come_over_it() -> None:
    assert removal_effects(JOURNEYS) == pytest.approx({"mail": 1 / 2, "search": 1})


def test_channels_that_are_both_needed_are_worth_the_same() -> None:
    assert shapley_values(JOURNEYS) == {"mail": Fraction(1, 2), "search": Fraction(1, 2)}


def test_minor_units_that_are_left_go_to_the_largest_remainders() -> None:
    found = {(row["model"], row["channel"]): row for row in credits(JOURNEYS).to_dict("records")}
    assert found["markov", "mail"]["credit_minor"] == 34
    assert found["markov", "search"]["credit_minor"] == 67
    assert found["shapley", "mail"]["credit_minor"] == 51
    assert found["shapley", "search"]["credit_minor"] == 50


def test_without_an_order_no_channel_is_worth_anything() -> None:
    assert credits([Journey(("mail",), 0, 0, 3)]).empty


@pytest.mark.parametrize(
    ("values", "named"),
    [
        (((), 1, 1, 0), "path"),
        ((("mail",), -1, 0, 0), "orders"),
        ((("mail",), 0, -1, 0), "total_minor"),
        ((("mail",), 0, 0, -1), "without_order"),
    ],
)
def test_what_nobody_can_have_done_is_refused_by_name(
    values: tuple[tuple[str, ...], int, int, int], named: str
) -> None:
    with pytest.raises(JourneyError, match=f"^{named}: at least"):
        Journey(*values)
