"""Random numbers that depend on what they are for, and on nothing else."""

from __future__ import annotations

from dataclasses import fields
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.shoppers.parameters import load_parameters
from deploy.demo.shoppers.people import People, make_people
from deploy.demo.shoppers.streams import event_id, name_of, stream

PARAMETERS = load_parameters()


def test_a_path_has_the_same_numbers_whatever_was_drawn_before() -> None:
    wanted = stream(1, "visit", "a", 3).random(5)
    stream(1, "visit", "a", 2).random(1000)
    assert (stream(1, "visit", "a", 3).random(5) == wanted).all()


def test_paths_and_seeds_have_numbers_of_their_own() -> None:
    paths: list[tuple[int, list[str | int]]] = [
        (1, ["a", 1]),
        (1, ["a", 2]),
        (1, ["b", 1]),
        (2, ["a", 1]),
        (1, ["a1"]),
    ]
    first = {float(stream(seed, *path).random()) for seed, path in paths}
    assert len(first) == len(paths)


def test_streams_of_neighbouring_paths_are_not_correlated() -> None:
    draws = np.array([stream(5, "page", n).random(200) for n in range(100)])
    correlations = np.corrcoef(draws)[np.triu_indices(100, 1)]
    # Of 4,950 such correlations of independent draws, the largest lies near 4 / sqrt(200).
    assert np.abs(correlations).max() < 5.5 / np.sqrt(200)
    assert abs(correlations.mean()) < 0.01


@given(st.integers(0, 2**47), st.integers(0, 10**6), st.text(max_size=20))
def test_an_events_id_is_a_uuid7_of_its_instant(at_ms: int, seed: int, path: str) -> None:
    made = event_id(at_ms, seed, path)
    assert UUID(made).version == 7
    assert UUID(made).int >> 80 == at_ms
    assert made == event_id(at_ms, seed, path)


def test_names_do_not_show_whose_they_are() -> None:
    names = {name_of(1, "anon", person, 0) for person in range(1000)}
    assert len(names) == 1000
    assert all(name.startswith("anon-") and len(name) == 25 for name in names)


@pytest.mark.parametrize("name", [f.name for f in fields(People) if f.name != "seed"])
def test_a_larger_world_has_the_same_first_people(name: str) -> None:
    few, many = make_people(7, 50, PARAMETERS), make_people(7, 400, PARAMETERS)
    np.testing.assert_array_equal(getattr(few, name), getattr(many, name)[:50])


def test_another_share_of_one_thing_changes_nothing_else() -> None:
    model = PARAMETERS.people.model_copy(update={"consent": 0.1})
    changed = make_people(7, 500, PARAMETERS.model_copy(update={"people": model}))
    same = make_people(7, 500, PARAMETERS)
    assert changed.consent.sum() < same.consent.sum()
    for field in fields(People):
        if field.name != "consent":
            np.testing.assert_array_equal(getattr(changed, field.name), getattr(same, field.name))
