"""What the parameters of paths name, and how to make one: the table of the tests of access.

A route with a parameter that is not here fails these tests. Say of a new one whether what it names
has an owner: then strangers in every role that may call the route have to be answered 404.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from storefront_api.notifications.kinds import Category
from storefront_api.notifications.preferences import Preferences
from storefront_api.platform.policy import POLICY, Permission, Role
from tests.integration.storefront.accounts import People
from tests.integration.storefront.goods import key, new_sku
from tests.integration.storefront.mailing import KEY as MAIL_KEY
from tests.integration.storefront.mailing import somebody
from tests.integration.storefront.paying import DELIVERY, covered, opened
from tests.integration.storefront.reviewing import Goods, posted
from tests.integration.storefront.sending import allocated, delivered
from tests.integration.storefront.vending import applied, goods_of, new_vendor, sold, upload
from tests.integration.storefront.warehousing import warehouse


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
    # Bought by a checkout: of an order that a till states, the till is an owner, too.
    return Made(covered(world.partner, owner, new_sku(world.partner))["order_id"], owner)


def _session(world: World) -> Made:
    owner = world.people.new()
    return Made(str(owner.session_id), owner.client)


def _subject(world: World) -> Made:
    owner = world.people.new()
    return Made(owner.subject, owner.client)


def _erasure(world: World) -> str:
    made = _subject(world)
    answer = made.owner.delete(f"/privacy/subjects/{made.value}")
    assert answer.status_code == 202, answer.text
    return str(answer.json()["erasure_id"])


def _created(world: World, path: str, name: str, body: dict[str, Any]) -> str:
    """Have a partner create something and return its id."""
    answer = world.partner.post(path, json=body, headers=key())
    assert answer.status_code == 201, answer.text
    return str(answer.json()[name])


def _company(world: World) -> str:
    money = {"credit_limit_minor": 10_000, "approval_above_minor": 1_000}
    body = {"name": "Field Canteens", "currency": "USD", **money}
    return _created(world, "/companies", "company_id", body)


def _quote(world: World) -> Made:
    return _bought(world, 20, "quote_id")


def _invoice(world: World) -> Made:
    return _bought(world, 1, "invoice_id")


def _bought(world: World, quantity: int, name: str) -> Made:
    """Ask for a quote as a company's buyer: a small one is an order with an invoice at once."""
    company_id, buyer = _company(world), world.people.new()
    path = f"/companies/{company_id}/members"
    member = {"account_id": str(buyer.account_id), "role": "buyer"}
    assert world.partner.put(path, json=member).status_code == 200
    rows = f"sku,quantity\n{new_sku(world.partner)},{quantity}"
    assert buyer.client.put("/business/cart", json={"csv": rows}).status_code == 200
    body = {"purchase_order": "PO-7", "store_id": "S1", "delivery": DELIVERY}
    answer = buyer.client.post("/business/quotes", json=body, headers=key())
    assert answer.status_code == 201, answer.text
    return Made(answer.json()[name], buyer.client)


def _shipment(world: World) -> str:
    answer = allocated(world.partner, _order(world).value)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["shipment_id"])


def _return(world: World) -> Made:
    order_id, owner = (made := _order(world)).value, made.owner
    delivered(world.partner, order_id)
    body = {"lines": [{"line_number": 1, "units": 1, "reason": "unwanted"}]}
    answer = owner.post(f"/orders/{order_id}/returns", json=body, headers=key())
    assert answer.status_code == 201, answer.text
    return Made(answer.json()["return_id"], owner)


def _review(world: World) -> Made:
    owner = world.people.customer()
    return Made(posted(owner, Goods(world.partner))["review_id"], owner)


def _application(world: World) -> Made:
    owner = world.people.customer()
    return Made(applied(owner), owner)


def _paper(world: World) -> str:
    made = _application(world)
    return str(upload(made.owner, made.value, "tax").json()["paper_id"])


def _seller(world: World) -> Made:
    vendor_id = new_vendor()
    goods_of(world.partner, vendor_id, 100)
    return Made(vendor_id, world.people.vendor(vendor_id))


def _goods(world: World) -> Made:
    vendor_id = new_vendor()
    return Made(goods_of(world.partner, vendor_id, 100), world.people.vendor(vendor_id))


def _sale(world: World) -> Made:
    goods = _goods(world)
    return Made(sold(world.partner, goods.value, subject="s-1")["order_id"], goods.owner)


def _price_rule(world: World) -> str:
    rule_id = f"rule-{uuid.uuid4().hex[:8]}"
    rule = {"kind": "percent", "value": 100, "scope": "sku", "target": "none", "source": "tests"}
    return _created(world, "/price-rules", "rule_id", {"rule_id": rule_id, **rule})


def _run(world: World) -> str:
    body = {"currency": "XXX", "minimum_minor": 1}
    return _created(world, "/payout-runs", "run_id", body)


def _token(_: World) -> str:
    return Preferences(MAIL_KEY).token(somebody(), Category.ORDERS)


_FULFILLING = POLICY[Permission.FULFIL]
_ORDER_OF_ALL = Owned(_order, _FULFILLING)
_SALE = Owned(_sale)
_OFFERING = Owned(_seller, POLICY[Permission.MANAGE_OFFERS] - {Role.VENDOR})
_APPLICATION = Owned(_application)

OBJECTS: dict[str, Owned | Shared] = {
    "account_id": Shared(lambda world: str(world.people.new().account_id)),
    "area": Shared(lambda _: "452"),
    "carrier": Shared(lambda _: "local"),
    "category_id": Shared(lambda _: "oats"),
    "checkout_id": Owned(_checkout),
    "code": Shared(lambda _: "SPRING-10"),
    "company_id": Shared(_company),
    "condition": Shared(lambda _: "new"),
    "invoice_id": Owned(_invoice, POLICY[Permission.MANAGE_COMPANIES]),
    "order_id": _ORDER_OF_ALL,
    "/orders/{order_id} order_id": Owned(_order),
    "/orders/{order_id}/updates order_id": Owned(_order),
    "/orders/{order_id}/refunds order_id": Owned(_order, POLICY[Permission.REFUND]),
    "/orders/{order_id}/allocations order_id": Shared(lambda world: _order(world).value),
    "/vendor/orders/{order_id} order_id": _SALE,
    "/vendor/orders/{order_id}/packing-list order_id": _SALE,
    "paper_id": Shared(_paper),
    "product_id": Shared(lambda world: f"product-{new_sku(world.partner)}"),
    "quote_id": Owned(_quote),
    "return_id": Owned(_return, _FULFILLING),
    "review_id": Owned(_review),
    "/reviews/{review_id}/helpful review_id": Shared(lambda world: _review(world).value),
    "/reviews/{review_id}/moderations review_id": Owned(
        _review, POLICY[Permission.MODERATE_REVIEWS]
    ),
    "rule_id": Shared(_price_rule),
    "run_id": Shared(_run),
    "erasure_id": Shared(_erasure),
    "session_id": Owned(_session),
    "shipment_id": Shared(_shipment),
    "sku": Shared(lambda world: new_sku(world.partner)),
    "/vendor/stock-forecasts/{sku} sku": Owned(_goods),
    "/vendor/stock-thresholds/{sku} sku": Owned(_goods),
    "subject": Owned(_subject, POLICY[Permission.ERASE_ANYBODY]),
    "token": Shared(_token),
    "vendor_id": Shared(lambda world: _seller(world).value),
    "warehouse_id": Shared(lambda world: warehouse(world.partner)),
    "/variants/{sku}/offers/{vendor_id}/{condition} vendor_id": _OFFERING,
    "/vendor-applications/{vendor_id} vendor_id": _APPLICATION,
    "/vendor-applications/{vendor_id}/papers vendor_id": _APPLICATION,
    "/vendor-applications/{vendor_id}/resubmissions vendor_id": _APPLICATION,
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


def parameters(path: str) -> list[str]:
    """Return the names of a path's parameters."""
    return re.findall(r"{(\w+)", path)


class Things:
    """One of everything that a parameter names, made when it is first asked for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._made: dict[str, Made] = {}

    def of(self, path: str, parameter: str) -> Made:
        """Return what a parameter of a path names."""
        kind = named(path, parameter)
        # What is owned is the route's own, since it may end it.
        name = f"{path} {parameter}" if isinstance(kind, Owned) else parameter
        if name not in self._made:
            found = kind.make(self._world)
            self._made[name] = (
                found if isinstance(found, Made) else Made(found, self._world.partner)
            )
        return self._made[name]
