"""The names of accounts: `<kind>/<owner>/<unit>`, so that whoever posts finds the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

POINTS = "points"
"""The unit of loyalty points; every other unit is an ISO 4217 currency."""


class Kind(StrEnum):
    """What an account is for."""

    CLEARING = "clearing"
    """What shoppers owe for orders, or are owed of refunds, until it is settled."""
    PROVIDER = "provider"
    """What the payment provider holds for the store."""
    BANK = "bank"
    """What came to the store's bank without the provider."""
    REVENUE = "revenue"
    REFUNDS = "refunds"
    FEES = "fees"
    """What was paid beside the goods: packaging, and deposits that are not given back yet."""
    CHARGEBACKS = "chargebacks"
    UNCOLLECTED = "uncollected"
    """Payments that the provider refused to take although the order was made."""
    GIFT_CARDS_ISSUED = "gift_cards_issued"
    """What the store has spent on issuing gift cards."""
    GIFT_CARD = "gift_card"
    HELD = "held"
    """What open checkouts keep of gift cards and points."""
    POINTS_LOT = "points_lot"
    """Points that one order, or one refund, has brought to a customer."""
    POINTS_ISSUED = "points_issued"
    POINTS_SPENT = "points_spent"
    POINTS_EXPIRED = "points_expired"
    POINTS_REDEEMED = "points_redeemed"
    """What orders paid with points have cost the store, in money."""
    VENDOR_PAYABLE = "vendor_payable"
    """What the store owes a vendor."""
    RECEIVABLE = "receivable"
    """What a company owes for invoices."""
    CREDIT = "credit"
    """What a company may still buy on credit."""
    CREDIT_GRANTED = "credit_granted"


@dataclass(frozen=True, order=True)
class Account:
    """An account.

    Parameters
    ----------
    account_id
        Its name.
    unit
        ISO 4217 currency, or `points`.
    guarded
        Whether its balance is kept beside it and may never go below zero.
    expires_at
        From when on its balance is void; None if never.
    """

    account_id: str
    kind: Kind
    owner: str
    unit: str
    guarded: bool = False
    expires_at: datetime | None = None


def _of_store(kind: Kind, unit: str, part: str = "") -> Account:
    name = f"{kind}/{part}/{unit}" if part else f"{kind}/{unit}"
    return Account(name, kind, part, unit)


def clearing(method: str, currency: str) -> Account:
    """Return what is on its way by a means of payment."""
    return _of_store(Kind.CLEARING, currency, method)


def provider(currency: str) -> Account:
    """Return what the payment provider holds."""
    return _of_store(Kind.PROVIDER, currency)


def revenue(currency: str) -> Account:
    """Return what orders have brought, refunds not taken off."""
    return _of_store(Kind.REVENUE, currency)


def refunds(currency: str) -> Account:
    """Return what was given back for orders."""
    return _of_store(Kind.REFUNDS, currency)


def fees(currency: str) -> Account:
    """Return what was paid beside the goods."""
    return _of_store(Kind.FEES, currency)


def chargebacks(currency: str) -> Account:
    """Return what banks took back."""
    return _of_store(Kind.CHARGEBACKS, currency)


def uncollected(currency: str) -> Account:
    """Return what could never be taken."""
    return _of_store(Kind.UNCOLLECTED, currency)


def gift_cards_issued(currency: str) -> Account:
    """Return what issuing gift cards has cost."""
    return _of_store(Kind.GIFT_CARDS_ISSUED, currency)


def gift_card(giftcard_id: UUID | str, currency: str) -> Account:
    """Return a gift card's money; never below zero."""
    name = f"{Kind.GIFT_CARD}/{giftcard_id}/{currency}"
    return Account(name, Kind.GIFT_CARD, str(giftcard_id), currency, guarded=True)


def held(what: str, unit: str) -> Account:
    """Return what open checkouts keep of gift cards or points."""
    return _of_store(Kind.HELD, unit, what)


def points_lot_id(subject: str, lot: UUID | str) -> str:
    """Return the name of a lot of a customer's points."""
    return f"{Kind.POINTS_LOT}/{subject}/{lot}"


def points_lot(subject: str, lot: UUID | str, expires_at: datetime) -> Account:
    """Return a lot of a customer's points; never below zero."""
    name = points_lot_id(subject, lot)
    return Account(name, Kind.POINTS_LOT, subject, POINTS, guarded=True, expires_at=expires_at)


def points(kind: Kind) -> Account:
    """Return the store's side of points: issued, spent or expired."""
    return _of_store(kind, POINTS)


def points_redeemed(currency: str) -> Account:
    """Return what orders paid with points have cost."""
    return _of_store(Kind.POINTS_REDEEMED, currency)


def bank(currency: str) -> Account:
    """Return what companies have paid to the store's bank."""
    return _of_store(Kind.BANK, currency)


def vendor_payable(vendor_id: str, currency: str) -> Account:
    """Return what the store owes a vendor."""
    name = f"vendor/{vendor_id}/payable/{currency}"
    return Account(name, Kind.VENDOR_PAYABLE, vendor_id, currency)


def receivable(company_id: UUID, currency: str) -> Account:
    """Return what a company owes."""
    return _of_store(Kind.RECEIVABLE, currency, str(company_id))


def credit(company_id: UUID, currency: str) -> Account:
    """Return what a company may still buy on credit; never below zero."""
    name = f"{Kind.CREDIT}/{company_id}/{currency}"
    return Account(name, Kind.CREDIT, str(company_id), currency, guarded=True)


def credit_granted(currency: str) -> Account:
    """Return the other side of the credit that companies have."""
    return _of_store(Kind.CREDIT_GRANTED, currency)
