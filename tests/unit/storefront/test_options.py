"""Option sets: what a product allows, and the hash that keeps two variants from sharing one."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront_api.catalog.options import broken_rule, options_hash
from storefront_api.catalog.variants import check_options
from storefront_api.platform.errors import ConflictError, InvalidError

MATRIX = {
    "colour": ["red", "green", "blue"],
    "size": ["S", "M", "L", "XL"],
    "sleeve": ["short", "long"],
}
ALL = [dict(zip(MATRIX, values, strict=True)) for values in product(*MATRIX.values())]
WORDS = st.text(max_size=6) | st.sampled_from(["a", "b", '"', ",", "[", "a,b", "\\", "\x1f"])
SETS = st.dictionaries(WORDS, WORDS, max_size=5)


@given(SETS, st.randoms(use_true_random=False))
def test_the_order_of_a_set_makes_no_difference(options: dict[str, str], chance: object) -> None:
    items = list(options.items())
    chance.shuffle(items)  # type: ignore[attr-defined]
    assert options_hash(dict(items)) == options_hash(options)


@given(SETS, SETS)
def test_two_sets_share_a_hash_only_if_they_are_equal(
    one: dict[str, str], other: dict[str, str]
) -> None:
    assert (options_hash(one) == options_hash(other)) == (one == other)


@given(SETS.filter(bool), st.data())
def test_any_change_of_a_set_changes_its_hash(options: dict[str, str], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(options)))
    less = {key: value for key, value in options.items() if key != name}
    others = [less, options | {name: options[name] + "x"}, less | {name + "x": options[name]}]
    assert options_hash(options) not in [options_hash(other) for other in others]


def test_all_twenty_four_combinations_are_allowed_once() -> None:
    check_options(ALL, MATRIX, {})
    assert len({options_hash(options) for options in ALL}) == 24


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"colour": "pink"}, "colour"),
        ({"colour": "M"}, "colour"),
        ({"material": "wool"}, "material"),
        ({"sleeve": None}, "sleeve"),
    ],
)
def test_an_illegal_combination_names_the_option(changed: dict[str, str | None], name: str) -> None:
    options = {k: v for k, v in (ALL[0] | changed).items() if v is not None}
    assert broken_rule(options, MATRIX)[0] == name
    with pytest.raises(InvalidError) as error:
        check_options([ALL[1], options], MATRIX, {})
    assert error.value.problem.field == f"body.variants.1.options.{name}"


def test_a_combination_that_is_there_already_is_refused_whatever_its_order() -> None:
    repeated = dict(reversed(ALL[5].items()))
    with pytest.raises(ConflictError, match="variant 5"):
        check_options([*ALL, repeated], MATRIX, {})
    with pytest.raises(ConflictError, match="shirt-1"):
        check_options([repeated], MATRIX, {options_hash(ALL[5]): "shirt-1"})
