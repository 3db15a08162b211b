"""Test cards: under the names that Stripe gives their payment methods, and as many more as wanted.

Stripe has one test card of each kind, so that everybody would pay by the same one. A simulation
needs a card for each person: `pm_local_GB_approved_3f9a` is one, by its issuer's country, what
happens to payments by it, and whatever tells it from others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Card:
    """A card and what happens to a payment by it.

    Parameters
    ----------
    country
        ISO 3166-1 code of the issuer.
    decline_code
        Why its issuer says no; empty if it says yes.
    """

    brand: str
    country: str
    fingerprint: str
    outcome: Literal["approved", "declined", "authenticates", "disputed"] = "approved"
    decline_code: str = ""


CARDS: Mapping[str, Card] = {
    "pm_card_visa": Card("visa", "US", "fpVisa0000000001"),
    "pm_card_mastercard": Card("mastercard", "US", "fpMaster00000002"),
    "pm_card_gb": Card("visa", "GB", "fpVisaGb00000003"),
    "pm_card_de": Card("visa", "DE", "fpVisaDe00000004"),
    "pm_card_authenticationRequired": Card("visa", "DE", "fp3ds00000000005", "authenticates"),
    "pm_card_chargeDeclined": Card("visa", "US", "fpDeclined000006", "declined", "generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": Card(
        "visa", "US", "fpFunds000000007", "declined", "insufficient_funds"
    ),
    "pm_card_createDispute": Card("visa", "US", "fpDispute0000008", "disputed"),
}
_LOCAL = re.compile(r"pm_local_([A-Z]{2})_(approved|declined|authenticates)_([0-9a-z]{1,40})")


def card_of(method: str) -> Card | None:
    """Return the card of a payment method; None if there is none of that name."""
    if (known := CARDS.get(method)) is not None:
        return known
    if (local := _LOCAL.fullmatch(method)) is None:
        return None
    country, outcome, number = local.groups()
    fingerprint = f"fp{country}{number}"
    if outcome == "declined":
        return Card("visa", country, fingerprint, "declined", "generic_decline")
    if outcome == "authenticates":
        return Card("visa", country, fingerprint, "authenticates")
    return Card("visa", country, fingerprint)
