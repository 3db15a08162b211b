"""What is listed and found in another order for who prefers something, and for nobody else."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from deploy.local.ports import free_port
from tests.integration import plain
from tests.integration.storefront.accounts import People, bearer
from tests.integration.storefront.conftest import Worker
from tests.integration.storefront.goods import new_sku


def of(*materials: str) -> list[dict[str, Any]]:
    share = 100 // len(materials)
    return [{"material": name, "share_percent": share} for name in materials]


KNOWN: tuple[dict[str, Any], ...] = (
    {},
    {"plastic_free": False, "certificates": ["fsc"], "origin": "CN"},
    {"plastic_free": True},
    {"certificates": ["eu_organic"], "origin": "US"},
    {"plastic_free": True, "certificates": ["usda_organic", "fairtrade"]},
    {"materials": of("oatmeal", "nuts")},
    {"materials": of("apples", "cheese")},
    {"materials": of("apples", "potatoes"), "origin": "US"},
    {"materials": [{"material": "apples", "share_percent": 60}]},
    {"plastic_free": True, "origin": "CA"},
)
"""What is known of the shelf's products, in the order of their ids."""


class Shelf:
    """A department of ten products of which different things are known.

    Parameters
    ----------
    partner
        Fills it.
    """

    def __init__(self, partner: httpx.Client) -> None:
        self.name = f"D{uuid.uuid4().hex[:10]}"
        self.word = f"w{uuid.uuid4().hex[:10]}"
        self.ids = [f"{self.name}-{number}" for number in range(len(KNOWN))]
        for product_id, known in zip(self.ids, KNOWN, strict=True):
            stated = {"product_id": product_id, "department": self.name}
            new_sku(partner, name=f"Oats {self.word}", **stated)
            if known:
                path = f"/catalog/products/{product_id}/attributes"
                assert partner.put(path, json=known).status_code == 200

    def listed(self, client: httpx.Client, limit: int = 200) -> list[int]:
        """Return the numbers of the products as `GET /products` lists them, page by page."""
        return self._pages(client, "/products", {"department": self.name, "limit": limit})

    def found(self, client: httpx.Client, limit: int = 100, **query: str) -> list[int]:
        """Return the numbers of the products as `GET /search` finds them, page by page."""
        return self._pages(client, "/search", {"q": self.word, "limit": limit, **query})

    def _pages(self, client: httpx.Client, path: str, query: dict[str, Any]) -> list[int]:
        numbers: list[int] = []
        after = ""
        while True:
            answer = client.get(path, params={**query, "after": after} if after else query)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            numbers += [self.ids.index(product["product_id"]) for product in page["products"]]
            after = page["next_cursor"]
            if not after:
                return numbers


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


AS_EVER = list(range(len(KNOWN)))
ORDERS = {
    ("plastic_free",): [2, 4, 9, 0, 1, 3, 5, 6, 7, 8],
    ("organic",): [3, 4, 0, 1, 2, 5, 6, 7, 8, 9],
    ("local",): [3, 7, 0, 1, 2, 4, 5, 6, 8, 9],
    ("fair_trade",): [4, 0, 1, 2, 3, 5, 6, 7, 8, 9],
    # Of what is half of cheese, or of which a part is unknown, it is not known.
    ("vegan",): [5, 7, 0, 1, 2, 3, 4, 6, 8, 9],
    # Oatmeal has 54 points and nuts 79, apples 79 and potatoes 78, and cheese 21.
    ("low_carbon",): [7, 0, 1, 2, 3, 4, 5, 6, 8, 9],
    ("plastic_free", "organic"): [4, 2, 3, 9, 0, 1, 5, 6, 7, 8],
    ("plastic_free", "organic", "fair_trade", "local", "vegan", "low_carbon"): [
        *(4, 7, 3, 2, 5, 9, 0, 1, 6, 8)
    ],
}


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
    for sort in ("price_asc", "price_desc", "newest", "score"):
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
