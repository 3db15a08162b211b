"""Which warehouses an order is sent from, by cases made by hand and against trying everything."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront_api.inventory.choosing import Place, choose, distance_km, ranked

CHICAGO, NEW_YORK, LOS_ANGELES = (41.8781, -87.6298), (40.7128, -74.0060), (34.0522, -118.2437)


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        # Great-circle distances of a sphere of the earth's mean radius, worked out apart.
        (CHICAGO, NEW_YORK, 1144.3),
        (CHICAGO, LOS_ANGELES, 2803.9),
        ((0.0, 0.0), (0.0, 180.0), 20015.1),
        ((90.0, 0.0), (-90.0, 77.0), 20015.1),
        ((0.0, 179.5), (0.0, -179.5), 111.2),
        (CHICAGO, CHICAGO, 0.0),
    ],
)
def test_distances_are_along_the_great_circle(
    one: tuple[float, float], other: tuple[float, float], km: float
) -> None:
    assert distance_km(one, other) == pytest.approx(km, abs=1.0)
    assert distance_km(other, one) == pytest.approx(distance_km(one, other))


def test_the_nearest_comes_first_and_without_a_goal_the_one_of_lowest_priority() -> None:
    places = [
        Place("la", 0, LOS_ANGELES),
        Place("ny", 1, NEW_YORK),
        Place("nowhere", 0, None),
        Place("chicago", 9, CHICAGO),
    ]
    assert ranked(places, CHICAGO) == ["chicago", "ny", "la", "nowhere"]
    assert ranked(places, LOS_ANGELES) == ["la", "chicago", "ny", "nowhere"]
    assert ranked(places, None) == ["la", "nowhere", "ny", "chicago"]


def test_of_two_at_one_spot_priority_decides_and_then_the_name() -> None:
    places = [Place("b", 1, CHICAGO), Place("c", 0, CHICAGO), Place("a", 1, CHICAGO)]
    assert ranked(places, NEW_YORK) == ["c", "a", "b"]


def test_one_warehouse_that_has_everything_goes_before_two_nearer_ones() -> None:
    free = {"near": {"a": 5}, "next": {"b": 5}, "far": {"a": 2, "b": 1}}
    taken = choose({"a": 2, "b": 1}, free, ["near", "next", "far"])
    assert taken == {("a", "far"): 2, ("b", "far"): 1}


def test_of_several_that_have_everything_the_nearest_is_taken() -> None:
    free = {"near": {"a": 3}, "far": {"a": 9}}
    assert choose({"a": 3}, free, ["near", "far"]) == {("a", "near"): 3}
    assert choose({"a": 4}, free, ["near", "far"]) == {("a", "far"): 4}


def test_an_order_is_split_when_it_must_be_and_the_nearer_one_gives_what_it_has() -> None:
    free = {"near": {"a": 2}, "middle": {"a": 1}, "far": {"a": 3}}
    preferred = ["near", "middle", "far"]
    assert choose({"a": 4}, free, preferred) == {("a", "near"): 2, ("a", "far"): 2}
    assert choose({"a": 6}, free, preferred) == {
        ("a", "near"): 2,
        ("a", "middle"): 1,
        ("a", "far"): 3,
    }


def test_what_nobody_has_is_left_and_the_rest_is_taken() -> None:
    free = {"near": {"a": 1}, "far": {"b": 2}}
    taken = choose({"a": 5, "b": 1, "c": 1}, free, ["near", "far"])
    assert taken == {("a", "near"): 1, ("b", "far"): 1}


def test_warehouses_that_may_not_be_sent_from_give_nothing() -> None:
    assert choose({"a": 1}, {"closed": {"a": 9}}, []) == {}


def test_a_warehouse_of_which_nothing_is_known_has_nothing() -> None:
    assert choose({"a": 1}, {"known": {"a": 1}}, ["unknown", "known"]) == {("a", "known"): 1}


def test_beyond_three_the_one_that_brings_most_of_what_is_left_is_taken() -> None:
    free = {
        "a": {"a": 6},
        "b": {"b": 3},
        "c": {"c": 2},
        "d": {"d": 1},
        # It has much of what "a" has brought by then, and too little of anything else.
        "of all": {"a": 3, "b": 1, "d": 1},
    }
    taken = choose({"a": 6, "b": 3, "c": 2, "d": 1}, free, ["d", "c", "b", "a", "of all"])
    assert taken == {("a", "a"): 6, ("b", "b"): 3, ("c", "c"): 2, ("d", "d"): 1}
    halves = {name: {"e": units} for name, units in zip("wxyz", (1, 2, 3, 4), strict=True)}
    assert choose({"e": 9}, halves | {"less": {"e": 1}}, ["less", *"wxyz"]) == {
        ("e", "z"): 4,
        ("e", "y"): 3,
        ("e", "x"): 2,
    }
    assert choose({"e": 10}, halves | {"less": {"e": 1}}, ["less", *"wxyz"]) == {
        ("e", "z"): 4,
        ("e", "y"): 3,
        ("e", "x"): 2,
        ("e", "less"): 1,
    }


quantities = st.dictionaries(st.sampled_from("abc"), st.integers(0, 4), max_size=3)


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 6), min_size=1, max_size=3),
    st.lists(quantities, max_size=6),
)
def test_no_fewer_warehouses_would_do_and_nothing_is_taken_that_is_not_there(
    wanted: dict[str, int], stocked: list[dict[str, int]]
) -> None:
    preferred = [f"w{number}" for number in range(len(stocked))]
    free = dict(zip(preferred, stocked, strict=True))
    taken = choose(wanted, free, preferred)
    for (sku, place), units in taken.items():
        assert 0 < units <= free[place].get(sku, 0)
    got = {sku: sum(n for (what, _), n in taken.items() if what == sku) for sku in wanted}
    everything = {sku: sum(has.get(sku, 0) for has in stocked) for sku in wanted}
    assert got == {sku: min(units, everything[sku]) for sku, units in wanted.items()}
    if got != wanted:
        return
    used = sorted({place for _, place in taken})

    def enough(some: tuple[str, ...]) -> bool:
        return all(sum(free[p].get(sku, 0) for p in some) >= n for sku, n in wanted.items())

    sets = [some for size in range(1, 4) for some in combinations(preferred, size) if enough(some)]
    if sets:
        best = min(sets, key=lambda some: (len(some), [preferred.index(p) for p in some]))
        assert set(used) <= set(best)
        assert len(used) == len(best)
