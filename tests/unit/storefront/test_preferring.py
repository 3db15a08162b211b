"""Listing by preference: what meets more of them first, nothing lost, ties as they were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from storefront_api.identity.preferring import preferred_first, share_met
from storefront_api.identity.repository import PREFERENCES
from storefront_api.identity.schemas import Preferences

NAMES = [*PREFERENCES, "handmade"]
ATTRIBUTES = st.frozensets(st.sampled_from(NAMES))
WANTED = st.builds(Preferences, **{name: st.booleans() for name in PREFERENCES})
Product = tuple[int, frozenset[str]]


def attributes(product: Product) -> frozenset[str]:
    return product[1]


def test_who_chooses_plastic_free_sees_another_order() -> None:
    oats: Product
    wrap: Product
    rice: Product
    oats, wrap, rice = (
        (0, frozenset({"organic"})),
        (1, frozenset()),
        (2, frozenset({"plastic_free"})),
    )
    products: list[Product] = [oats, wrap, rice]
    assert preferred_first(products, Preferences(), attributes) == products
    assert preferred_first(products, Preferences(plastic_free=True), attributes) == [
        rice,
        oats,
        wrap,
    ]


@given(listed=st.lists(ATTRIBUTES, max_size=30), wanted=WANTED)
def test_more_is_met_first_nothing_is_lost_and_ties_keep_their_order(
    listed: list[frozenset[str]], wanted: Preferences
) -> None:
    products = list(enumerate(listed))
    ordered = preferred_first(products, wanted, attributes)
    assert sorted(ordered, key=lambda product: product[0]) == products
    met = [(-share_met(wanted, flags), place) for place, flags in ordered]
    assert met == sorted(met)


@given(flags=ATTRIBUTES, wanted=WANTED)
def test_the_share_is_of_what_is_wanted(flags: frozenset[str], wanted: Preferences) -> None:
    share = share_met(wanted, flags)
    assert 0 <= share <= 1
    assert (share == 0) == (not wanted.wanted() & flags)
    assert (share == 1) == (bool(wanted.wanted()) and wanted.wanted() <= flags)


def test_there_is_a_column_for_each_preference() -> None:
    assert tuple(Preferences.model_fields) == PREFERENCES
