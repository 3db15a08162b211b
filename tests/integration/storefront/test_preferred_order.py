"""What is listed and found in another order for who prefers something, and for nobody else."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import httpx
import pytest

from deploy.local.ports import free_port
from tests.integration import plain
from tests.integration.storefront.accounts import People, bearer
from tests.integration.storefront.conftest import Worker
from tests.integration.storefront.goods import new_sku
from tests.integration.storefront.shelf import AS_EVER, ORDERS, Shelf


@pytest.fixture(scope="module")
def shelf(store_url: str) -> Shelf:
    headers = bearer("partner-of-the-tests")
    with plain.Client(base_url=store_url, headers=headers, timeout=60) as partner:
        return Shelf(partner)


@pytest.fixture
def preferring(people: People) -> Callable[..., httpx.Client]:
    """Make customers who prefer something."""

    def new(*wanted: str) -> httpx.Client:
        client = people.customer()
        body = dict.fromkeys(wanted, True)
        assert client.put("/profile/preferences", json=body).status_code == 200
        return client

    return new


@pytest.mark.parametrize("wanted", ORDERS, ids="+".join)
def test_what_meets_more_preferences_comes_first_and_nothing_is_lost(
    shelf: Shelf, preferring: Callable[..., httpx.Client], wanted: tuple[str, ...]
) -> None:
    client = preferring(*wanted)
    for limit in (100, 3, 1):
        assert shelf.listed(client, limit) == ORDERS[wanted]
        assert shelf.found(client, limit) == ORDERS[wanted]


def test_who_prefers_nothing_or_is_unknown_sees_the_order_that_everybody_sees(
    shelf: Shelf,
    people: People,
    shopper: httpx.Client,
    partner: httpx.Client,
) -> None:
    for client in (people.client(), shopper, partner, people.customer()):
        assert shelf.listed(client, 4) == AS_EVER
        assert shelf.found(client, 4) == AS_EVER


def test_an_order_that_was_asked_for_is_kept(
    shelf: Shelf, preferring: Callable[..., httpx.Client], shopper: httpx.Client
) -> None:
    client = preferring("plastic_free")
    for sort in ("price_asc", "price_desc", "newest", "score", "rating"):
        assert shelf.found(client, sort=sort) == shelf.found(shopper, sort=sort)


def test_relevance_orders_those_that_meet_as_many(
    partner: httpx.Client, preferring: Callable[..., httpx.Client], shopper: httpx.Client
) -> None:
    word = f"w{uuid.uuid4().hex[:10]}"
    ids = [f"product-{new_sku(partner, name=name)}" for name in ("Oats", f"Oats {word}")]
    ids.append(f"product-{new_sku(partner, name='Oats', category=word)}")
    ids.append(f"product-{new_sku(partner, name='Oats', category=word)}")
    known = {"plastic_free": True}
    assert partner.put(f"/catalog/products/{ids[3]}/attributes", json=known).status_code == 200

    def found(client: httpx.Client) -> list[str]:
        page = client.get("/search", params={"q": word}).json()["products"]
        return [hit["product_id"] for hit in page]

    assert found(shopper) == [ids[1], *sorted(ids[2:])]
    assert found(preferring("plastic_free")) == [ids[3], ids[1], ids[2]]


def test_a_page_of_one_order_has_no_place_in_another(
    shelf: Shelf, preferring: Callable[..., httpx.Client], people: People
) -> None:
    client, query = preferring("plastic_free"), {"department": shelf.name, "limit": "2"}
    after = client.get("/products", params=query).json()["next_cursor"]
    client.put("/profile/preferences", json={"organic": True})
    for other in (client, people.client()):
        answer = other.get("/products", params={**query, "after": after})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


def test_answers_to_somebody_are_kept_nowhere_and_those_to_all_not_given_to_somebody(
    shelf: Shelf, people: People, preferring: Callable[..., httpx.Client]
) -> None:
    for path in ("/products", f"/search?q={shelf.word}"):
        anybody, somebody = people.client().get(path), preferring("vegan").get(path)
        assert anybody.headers["vary"] == somebody.headers["vary"] == "Authorization"
        assert "cache-control" not in anybody.headers
        assert somebody.headers["cache-control"] == "no-store"


def test_a_credential_that_is_over_is_refused_and_not_passed_over(
    shelf: Shelf, preferring: Callable[..., httpx.Client]
) -> None:
    client = preferring("plastic_free")
    assert client.delete("/account/sessions").status_code == 204
    for path in ("/products", f"/search?q={shelf.word}"):
        assert client.get(path).status_code == 401


def test_while_nobody_knows_who_is_signed_in_everybody_sees_the_shelf(
    start_store: Callable[..., tuple[str, Worker]],
    shelf: Shelf,
    preferring: Callable[..., httpx.Client],
) -> None:
    client = preferring("plastic_free")
    base, _ = start_store(VALKEY_URL=f"redis://127.0.0.1:{free_port()}/0")
    with plain.Client(base_url=base, headers=client.headers, timeout=60) as asking:
        assert asking.get("/profile").status_code == 503
        assert shelf.listed(asking) == AS_EVER
