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
    MANAGE_CATALOG = "manage_catalog"
    MANAGE_OFFERS = "manage_offers"
    MANAGE_STOCK = "manage_stock"
    MANAGE_PROMOTIONS = "manage_promotions"
    REFUND = "refund"


_SHOPPERS = frozenset({Role.GUEST, Role.CUSTOMER})
_STAFF = frozenset({Role.ADMIN, Role.SUPER_ADMIN})
_PROGRAMS = frozenset({Role.PARTNER})

POLICY: Mapping[Permission, frozenset[Role]] = {
    Permission.CALL: frozenset(Role),
    Permission.SHOP: _SHOPPERS,
    Permission.PLACE_ORDERS: _SHOPPERS | _PROGRAMS,
    Permission.MANAGE_CATALOG: _STAFF | _PROGRAMS,
    Permission.MANAGE_OFFERS: _STAFF | _PROGRAMS | {Role.VENDOR},
    Permission.MANAGE_STOCK: _STAFF | _PROGRAMS,
    Permission.MANAGE_PROMOTIONS: _STAFF | _PROGRAMS,
    Permission.REFUND: _STAFF | _PROGRAMS,
}
"""The roles that have each permission; what is not here is denied."""
