"""Offers of one variant by several vendors."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from storefront_api.events import Event, Topic
from storefront_api.events.catalog import OfferChangedV1
from tests.integration.storefront.accounts import People
from tests.integration.storefront.goods import new_sku

Outbox = Callable[[Topic, str], list[Event]]


@pytest.fixture
def vendor(people: People) -> Callable[[str], httpx.Client]:
    """Sign in as somebody who works for a vendor."""
    return people.vendor


def offer(client: httpx.Client, path: str, price: int, shipping: int, days: int) -> httpx.Response:
    body = {"price_minor": price, "shipping_minor": shipping, "lead_days": days}
    return client.put(path, json=body)


def test_offers_come_by_what_they_cost_with_their_shipping(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    sku = new_sku(partner)
    path = f"/variants/{sku}/offers"
    assert shopper.get(path).json() == []
    stated = {
        "v-a/new": (1000, 500, 1),
        "v-b/new": (1300, 100, 5),
        "v-c/used": (1400, 0, 2),
        "v-c/new": (1600, 0, 1),
        "v-d/refurbished": (1400, 0, 2),
    }
    for place, asked in stated.items():
        assert offer(partner, f"{path}/{place}", *asked).status_code == 200
    listed = shopper.get(path).json()
    order = [f"{each['vendor_id']}/{each['condition']}" for each in listed]
    assert order == ["v-c/used", "v-d/refurbished", "v-b/new", "v-a/new", "v-c/new"]
    assert [each["landed_minor"] for each in listed] == [1400, 1400, 1400, 1500, 1600]
    assert {each["currency"] for each in listed} == {"USD"}
    variant = shopper.get(f"/products/product-{sku}").json()["variants"][0]
    assert (variant["offers"], variant["lowest_landed_minor"]) == (5, 1400)


def test_an_offer_changes_and_is_withdrawn_and_each_change_is_told_once(
    partner: httpx.Client, outbox: Outbox
) -> None:
    sku = new_sku(partner)
    path = f"/variants/{sku}/offers/v-a/new"
    for price in (1000, 1000, 900):
        assert offer(partner, path, price, 0, 1).json()["landed_minor"] == price
    assert partner.delete(path).status_code == 204
    assert partner.delete(path).status_code == 404
    assert partner.get(f"/variants/{sku}/offers").json() == []
    assert offer(partner, path, 900, 0, 1).status_code == 200
    told = [e.data for e in outbox(Topic.CATALOG, sku) if isinstance(e, OfferChangedV1)]
    assert [(each.price_minor, each.withdrawn) for each in told] == [
        (1000, False),
        (900, False),
        (900, True),
        (900, False),
    ]


def test_a_vendor_touches_its_own_offers_alone(
    partner: httpx.Client, vendor: Callable[[str], httpx.Client], shopper: httpx.Client
) -> None:
    sku = new_sku(partner)
    mine, other = (f"/variants/{sku}/offers/{name}/new" for name in ("v-a", "v-b"))
    assert offer(partner, other, 500, 0, 1).status_code == 200
    client = vendor("v-a")
    assert offer(client, mine, 400, 0, 1).status_code == 200
    assert offer(client, other, 1, 0, 1).status_code == 404
    assert client.delete(other).status_code == 404
    assert offer(vendor(""), mine, 1, 0, 1).status_code == 404
    assert vendor("").delete(mine).status_code == 404
    prices = [each["price_minor"] for each in shopper.get(f"/variants/{sku}/offers").json()]
    assert prices == [400, 500]
    assert offer(shopper, mine, 1, 0, 1).status_code == 403


def test_what_is_not_on_offer_has_no_offers(partner: httpx.Client) -> None:
    assert partner.get("/variants/nothing/offers").status_code == 404
    assert offer(partner, "/variants/nothing/offers/v-a/new", 1, 0, 1).status_code == 404
    sku = new_sku(partner)
    path = f"/variants/{sku}/offers/v-a/new"
    offer(partner, path, 1, 0, 1).raise_for_status()
    partner.post(f"/catalog/products/product-{sku}/archive").raise_for_status()
    assert partner.get(f"/variants/{sku}/offers").json() == []
    assert offer(partner, f"/variants/{sku}/offers/v-b/new", 1, 0, 1).status_code == 404
    assert offer(partner, f"/variants/{sku}/offers/v-a/broken", 1, 0, 1).status_code == 422
