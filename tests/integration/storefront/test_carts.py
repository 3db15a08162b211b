"""Carts: kept for later, merged at login, and honest about prices that changed."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

from storefront_api.events import Topic
from storefront_api.events.carts import CartMergedV1, CartUpdatedV1
from tests.integration import plain
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import new_sku, product

Shoppers = Callable[[], httpx.Client]


def put(shopper: httpx.Client, sku: str, quantity: int = 1, saved: bool = False) -> dict[str, Any]:
    answer = shopper.put(f"/cart/lines/{sku}", json={"quantity": quantity, "saved": saved})
    assert answer.status_code == 200, answer.text
    cart: dict[str, Any] = answer.json()
    return cart


def token(client: httpx.Client) -> str:
    return client.headers["Authorization"].removeprefix("Bearer ")


def quantities(cart: dict[str, Any]) -> dict[str, tuple[int, bool]]:
    return {line["sku"]: (line["quantity"], line["saved"]) for line in cart["lines"]}


def test_a_new_shopper_has_an_empty_cart(shopper: httpx.Client) -> None:
    assert shopper.get("/cart").json() == {
        "cart_id": None,
        "currency": "",
        "destination": "US",
        "lines": [],
        "total_minor": 0,
        "tax_minor": 0,
    }


def test_what_is_put_in_is_there_with_its_price(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    sku = new_sku(partner, list_price_minor=199)
    put(shopper, sku, 1)
    assert put(shopper, sku, 3)["total_minor"] == 597
    line = shopper.get("/cart").json()["lines"][0]
    assert (line["sku"], line["quantity"], line["price_changed"]) == (sku, 3, False)
    assert line["enough_in_stock"] is True


def test_what_is_kept_for_later_is_not_in_the_total(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    now, later = new_sku(partner), new_sku(partner)
    put(shopper, later)
    put(shopper, now)
    assert put(shopper, later, saved=True)["total_minor"] == 250
    assert quantities(shopper.get("/cart").json()) == {later: (1, True), now: (1, False)}
    assert put(shopper, later)["total_minor"] == 500


def test_taking_out_twice_is_as_good_as_once(partner: httpx.Client, shopper: httpx.Client) -> None:
    sku = new_sku(partner)
    put(shopper, sku)
    for _ in range(2):
        assert shopper.delete(f"/cart/lines/{sku}").json()["lines"] == []


def test_a_price_that_changed_is_marked_until_it_is_seen(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    sku = new_sku(partner, list_price_minor=250)
    put(shopper, sku, 2)
    dearer = {"products": [product(sku, list_price_minor=300)]}
    assert partner.post("/catalog/imports", json=dearer).status_code == 200
    line = shopper.get("/cart").json()["lines"][0]
    assert (line["price_changed"], line["seen_price_minor"], line["price_minor"]) == (
        True,
        250,
        300,
    )
    assert line["total_minor"] == 600
    assert put(shopper, sku, 2)["lines"][0]["price_changed"] is False


def test_more_than_there_is_shows(partner: httpx.Client, shopper: httpx.Client) -> None:
    sku = new_sku(partner, opening_stock=2)
    assert put(shopper, sku, 3)["lines"][0]["enough_in_stock"] is False


def test_nonsense_is_refused_and_nothing_changes(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    euros = new_sku(partner, currency="EUR")
    put(shopper, new_sku(partner))
    before = shopper.get("/cart").json()
    refused = {
        "/cart/lines/NOBODY": ({"quantity": 1}, 404, "path.sku"),
        f"/cart/lines/{euros}": ({"quantity": 1}, 422, "path.sku"),
        "/cart/lines/a%20b": ({"quantity": 1}, 422, "path.sku"),
        "/cart/lines/T": ({"quantity": 0}, 422, "body.quantity"),
    }
    for path, (body, status, field) in refused.items():
        answer = shopper.put(path, json=body)
        assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert shopper.get("/cart").json() == before


def test_a_partner_has_no_cart(partner: httpx.Client) -> None:
    assert partner.get("/cart").status_code == 403


def test_a_guests_cart_goes_over_once(partner: httpx.Client, new_shopper: Shoppers) -> None:
    guest, shopper = new_shopper(), new_shopper()
    both, saved, only = (new_sku(partner) for _ in range(3))
    put(guest, both, 2)
    put(guest, saved, 4)
    put(guest, only, 1)
    put(shopper, both, 3)
    put(shopper, saved, 1, saved=True)
    for _ in range(2):
        merged = shopper.post("/cart/merge", json={"guest_token": token(guest)}).json()
        assert quantities(merged) == {both: (5, False), saved: (4, False), only: (1, False)}
    assert guest.get("/cart").json()["lines"] == []


def test_only_who_holds_the_guests_token_takes_the_cart_over(shopper: httpx.Client) -> None:
    assert shopper.post("/cart/merge", json={"guest_token": "made-up"}).status_code == 401


def test_a_cart_merged_with_itself_stays(partner: httpx.Client, shopper: httpx.Client) -> None:
    sku = new_sku(partner)
    put(shopper, sku, 2)
    merged = shopper.post("/cart/merge", json={"guest_token": token(shopper)}).json()
    assert quantities(merged) == {sku: (2, False)}


async def test_parallel_changes_follow_each_other(
    partner: httpx.Client, shopper: httpx.Client, store_url: str, database: Database
) -> None:
    """Of thirty merges at once one moves the lines, and of the puts none is lost."""
    skus = [new_sku(partner) for _ in range(5)]
    headers = {"Authorization": shopper.headers["Authorization"]}
    async with plain.AsyncClient(base_url=store_url, headers=headers, timeout=60) as client:
        guest = (await client.post("/sessions")).json()["token"]
        as_guest = {"Authorization": f"Bearer {guest}"}
        for sku in skus:
            await client.put(f"/cart/lines/{sku}", json={"quantity": 1}, headers=as_guest)
        merges = [client.post("/cart/merge", json={"guest_token": guest}) for _ in range(30)]
        answers = await asyncio.gather(*merges)
    assert {answer.status_code for answer in answers} == {200}
    assert quantities(shopper.get("/cart").json()) == dict.fromkeys(skus, (1, False))


def test_every_change_is_told(
    partner: httpx.Client, new_shopper: Shoppers, outbox: Callable[..., list[Any]]
) -> None:
    guest, shopper = new_shopper(), new_shopper()
    sku = new_sku(partner)
    cart = put(guest, sku, 2)
    guest.delete("/cart/lines/NEVER-THERE")
    merged = shopper.post("/cart/merge", json={"guest_token": token(guest)}).json()
    updated = [e for e in outbox(Topic.CARTS, cart["cart_id"]) if isinstance(e, CartUpdatedV1)]
    assert [[(one.sku, one.quantity) for one in e.data.lines] for e in updated] == [[(sku, 2)]]
    (over,) = outbox(Topic.CARTS, merged["cart_id"])
    assert isinstance(over, CartMergedV1)
    assert over.data.from_subject == updated[0].subject != over.subject
