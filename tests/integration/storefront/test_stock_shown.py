"""Stock as shoppers see it: at once, and without what is kept for somebody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from storefront_api.events import Event, Topic
from storefront_api.events.inventory import StockChangedV1, StockReleasedV1, StockReservedV1
from tests.integration.storefront.goods import key, new_sku
from tests.integration.storefront.paying import opened

Outbox = Callable[[Topic, str], list[Event]]


@pytest.fixture
def seen(shopper: httpx.Client) -> Callable[[str, str], tuple[list[int], bool]]:
    """Tell what the product, the listing, and the search say of a product's stock."""

    def of(sku: str, department: str) -> tuple[list[int], bool]:
        one = shopper.get(f"/products/product-{sku}").json()
        (listed,) = shopper.get("/products", params={"department": department}).json()["products"]
        query: dict[str, Any] = {"q": "oats", "department": department}
        (hit,) = shopper.get("/search", params=query).json()["products"]
        found = shopper.get("/search", params=query | {"in_stock": "true"}).json()["total"]
        assert hit["in_stock"] == (found == 1)
        told = [one["variants"][0]["available"], listed["variants"][0]["available"]]
        return [*told, hit["available"]], bool(found)

    return of


def test_what_is_reserved_is_not_available_anywhere(
    partner: httpx.Client,
    new_shopper: Callable[[], httpx.Client],
    seen: Callable[[str, str], tuple[list[int], bool]],
    outbox: Outbox,
) -> None:
    sku = new_sku(partner, department="RESERVED", opening_stock=3)
    assert seen(sku, "RESERVED") == ([3, 3, 3], True)
    buyer = new_shopper()
    checkout = opened(buyer, sku, quantity=2)
    assert seen(sku, "RESERVED") == ([1, 1, 1], True)
    reserved = outbox(Topic.INVENTORY, checkout["checkout_id"])[0]
    assert isinstance(reserved, StockReservedV1)
    assert reserved.data.items[0].available == 1
    last = new_shopper()
    opened(last, sku, quantity=1)
    assert seen(sku, "RESERVED") == ([0, 0, 0], False)
    shown = partner.get(f"/products/product-{sku}").json()["variants"][0]
    assert (shown["on_hand"], shown["available"]) == (3, 0)
    buyer.delete(f"/checkouts/{checkout['checkout_id']}").raise_for_status()
    assert seen(sku, "RESERVED") == ([2, 2, 2], True)
    released = outbox(Topic.INVENTORY, checkout["checkout_id"])[-1]
    assert isinstance(released, StockReleasedV1)


def test_goods_that_arrive_are_seen_at_once_and_told(
    partner: httpx.Client, seen: Callable[[str, str], tuple[list[int], bool]], outbox: Outbox
) -> None:
    sku = new_sku(partner, department="ARRIVED", opening_stock=0)
    assert seen(sku, "ARRIVED") == ([0, 0, 0], False)
    receipt = {"reference": f"note-{sku}", "items": [{"sku": sku, "quantity": 5}]}
    partner.post("/inventory/receipts", json=receipt, headers=key()).raise_for_status()
    assert seen(sku, "ARRIVED") == ([5, 5, 5], True)
    event, _ = outbox(Topic.INVENTORY, f"note-{sku}")
    assert isinstance(event, StockChangedV1)
    assert [(each.sku, each.on_hand) for each in event.data.movements] == [(sku, 5)]
