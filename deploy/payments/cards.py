"""Test cards under the names that Stripe gives their payment methods."""

from __future__ import annotations

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
