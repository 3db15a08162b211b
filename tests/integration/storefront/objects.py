"""What the parameters of paths name, and how to make one: the table of the tests of access.

A route with a parameter that is not here fails these tests. Say of a new one whether what it names
has an owner: then strangers in every role that may call the route have to be answered 404.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from storefront_api.platform.policy import POLICY, Permission, Role
from tests.integration.storefront.accounts import People
from tests.integration.storefront.goods import line, new_sku, order
from tests.integration.storefront.paying import opened
from tests.integration.storefront.tills import stated


@dataclass(frozen=True)
class World:
    """Who there is to make things."""

    people: People
    partner: httpx.Client


@dataclass(frozen=True)
class Made:
    """Something that was made.

    Parameters
    ----------
    value
        What stands for it in a path.
    owner
        Whose it is.
    """

    value: str
    owner: httpx.Client


@dataclass(frozen=True)
class Owned:
    """Something that is its owner's: all others are answered as if it were not there.

    Parameters
    ----------
    make
        Makes one.
    seen_by
        Roles that may see everybody's.
    """

    make: Callable[[World], Made]
    seen_by: frozenset[Role] = frozenset()


@dataclass(frozen=True)
class Shared:
    """Something that whoever may call the route may see."""

    make: Callable[[World], str]


def _checkout(world: World) -> Made:
    owner = world.people.new().client
    return Made(opened(owner, new_sku(world.partner))["checkout_id"], owner)


def _order(world: World) -> Made:
    owner = world.people.new().client
    answer = stated(owner, order(line(new_sku(world.partner))))
    return Made(answer.json()["order_id"], owner)


def _session(world: World) -> Made:
    owner = world.people.new()
    return Made(str(owner.session_id), owner.client)


OBJECTS: dict[str, Owned | Shared] = {
    "account_id": Shared(lambda world: str(world.people.new().account_id)),
    "checkout_id": Owned(_checkout),
    "code": Shared(lambda _: "SPRING-10"),
    "order_id": Owned(_order),
    "/orders/{order_id}/refunds order_id": Owned(_order, POLICY[Permission.REFUND]),
    "product_id": Shared(lambda world: f"product-{new_sku(world.partner)}"),
    "session_id": Owned(_session),
    "sku": Shared(lambda world: new_sku(world.partner)),
}
"""By the parameter's name; where one means something else in one path, by `path parameter`."""


def named(path: str, parameter: str) -> Owned | Shared:
    """Return what a parameter of a path names.

    Raises
    ------
    AssertionError
        If nobody has said.
    """
    found = OBJECTS.get(f"{path} {parameter}") or OBJECTS.get(parameter)
    assert found is not None, (
        f"{path}: nobody says what {{{parameter}}} names and whose it is; "
        "register it in tests/integration/storefront/objects.py"
    )
    return found
