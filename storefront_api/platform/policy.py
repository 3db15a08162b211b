"""Who may do what: the one table that every guarded route refers to.

A role is what a caller is; a permission is what a route demands. Whose things a caller may touch
is not decided here but in the repositories, which are asked for the owner's rows alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What a caller is. Each caller has exactly one role."""

    GUEST = "guest"
    """A shopper without an account."""
    CUSTOMER = "customer"
    VENDOR = "vendor"
    """Works for one vendor, and sees what is that vendor's."""
    ADMIN = "admin"
    SUPER_ADMIN = "super_admin"
    """May also give roles to others."""
    PARTNER = "partner"
    """A trusted program: a till, an importer, the replay of history."""


class Permission(StrEnum):
    """What a route demands."""

    CALL = "call"
    """Nothing but a credential."""
    SHOP = "shop"
    PLACE_ORDERS = "place_orders"
    """To state what was sold and paid elsewhere; shoppers buy through checkouts."""
    MANAGE_CATALOG = "manage_catalog"
    MANAGE_OFFERS = "manage_offers"
    MANAGE_STOCK = "manage_stock"
    MANAGE_PROMOTIONS = "manage_promotions"
    REFUND = "refund"
    OWN_ACCOUNT = "own_account"
    """To look after the account that is signed in."""
    MANAGE_ROLES = "manage_roles"
    FULFIL = "fulfil"
    """Send orders, take goods back, and see every order for that."""
    SUPPRESS_MESSAGES = "suppress_messages"
    """Say who is sent no messages any more."""
    MODERATE_REVIEWS = "moderate_reviews"
    READ_LEDGER = "read_ledger"
    ISSUE_GIFT_CARDS = "issue_gift_cards"
    MANAGE_PRICES = "manage_prices"
    """Price rules, and what points are worth."""
    COLLECT_POINTS = "collect_points"
    BUY_FOR_COMPANIES = "buy_for_companies"
    """Of those, a company lets some: see `storefront_api/business/`."""
    MANAGE_COMPANIES = "manage_companies"
    APPLY_TO_SELL = "apply_to_sell"
    SELL = "sell"
    REVIEW_VENDORS = "review_vendors"
    MANAGE_COMMISSION = "manage_commission"
    PAY_VENDORS = "pay_vendors"
    OWN_DATA = "own_data"
    """To take out and to erase what is held of oneself."""
    ERASE_ANYBODY = "erase_anybody"
    """The same for everybody."""


_SHOPPERS = frozenset({Role.GUEST, Role.CUSTOMER})
_ACCOUNTS = frozenset({Role.CUSTOMER, Role.VENDOR, Role.ADMIN, Role.SUPER_ADMIN})
_STAFF = frozenset({Role.ADMIN, Role.SUPER_ADMIN})
_PROGRAMS = frozenset({Role.PARTNER})

POLICY: Mapping[Permission, frozenset[Role]] = {
    Permission.CALL: frozenset(Role),
    Permission.SHOP: _SHOPPERS,
    Permission.PLACE_ORDERS: _PROGRAMS,
    Permission.MANAGE_CATALOG: _STAFF | _PROGRAMS,
    Permission.MANAGE_OFFERS: _STAFF | _PROGRAMS | {Role.VENDOR},
    Permission.MANAGE_STOCK: _STAFF | _PROGRAMS,
    Permission.MANAGE_PROMOTIONS: _STAFF | _PROGRAMS,
    Permission.REFUND: _STAFF | _PROGRAMS,
    Permission.OWN_ACCOUNT: _ACCOUNTS,
    Permission.MANAGE_ROLES: frozenset({Role.SUPER_ADMIN}),
    Permission.FULFIL: _STAFF | _PROGRAMS,
    Permission.SUPPRESS_MESSAGES: _STAFF | _PROGRAMS,
    Permission.MODERATE_REVIEWS: _STAFF | _PROGRAMS,
    Permission.READ_LEDGER: _STAFF | _PROGRAMS,
    Permission.ISSUE_GIFT_CARDS: _STAFF | _PROGRAMS,
    Permission.MANAGE_PRICES: _STAFF | _PROGRAMS,
    Permission.COLLECT_POINTS: frozenset({Role.CUSTOMER}),
    Permission.BUY_FOR_COMPANIES: frozenset({Role.CUSTOMER}),
    Permission.MANAGE_COMPANIES: _STAFF | _PROGRAMS,
    Permission.APPLY_TO_SELL: frozenset({Role.CUSTOMER, Role.VENDOR}),
    Permission.SELL: frozenset({Role.VENDOR}),
    Permission.REVIEW_VENDORS: _STAFF,
    Permission.MANAGE_COMMISSION: _STAFF | _PROGRAMS,
    Permission.PAY_VENDORS: _STAFF | _PROGRAMS,
    Permission.OWN_DATA: _SHOPPERS | _ACCOUNTS,
    Permission.ERASE_ANYBODY: frozenset({Role.SUPER_ADMIN}),
}
"""The roles that have each permission; what is not here is denied."""
