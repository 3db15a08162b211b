"""Which card a payment method stands for."""

from __future__ import annotations

import pytest

from deploy.payments.cards import CARDS, card_of


def test_stripes_names_are_known() -> None:
    assert {name: card_of(name) for name in CARDS} == dict(CARDS)


@pytest.mark.parametrize("outcome", ["approved", "declined", "authenticates"])
def test_a_local_card_says_where_it_is_from_and_what_happens(outcome: str) -> None:
    card = card_of(f"pm_local_GB_{outcome}_3f9a")
    assert card is not None
    assert (card.country, card.outcome) == ("GB", outcome)
    assert bool(card.decline_code) == (outcome == "declined")


def test_local_cards_have_fingerprints_of_their_own() -> None:
    names = ("pm_local_GB_approved_1", "pm_local_GB_approved_2", "pm_local_US_approved_1")
    cards = [card_of(name) for name in names]
    assert len({card.fingerprint for card in cards if card}) == len(names)


@pytest.mark.parametrize("name", ["", "pm_card_none", "pm_local_gb_approved_1", "pm_local_GB_x_1"])
def test_other_names_are_no_cards(name: str) -> None:
    assert card_of(name) is None
