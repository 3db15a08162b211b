"""Products of which different things are known, and the orders that preferences put them into."""

from __future__ import annotations

import uuid
from typing import Any

import httpx

from tests.integration.storefront.conftest import PARTNER
from tests.integration.storefront.goods import new_sku, product


def goods(sku: str, name: str, price: int, **changed: Any) -> dict[str, Any]:
    """Return a product with little in its other fields that a search could find."""
    neutral = {"brand": "Vale", "department": "STORE", "category": "SHELF", "product_type": "GOODS"}
    return product(sku, name=name, list_price_minor=price, **(neutral | changed))


def put(url: str, *products: dict[str, Any]) -> None:
    """Import products."""
    headers = {"Authorization": f"Bearer {PARTNER}"}
    body = {"products": list(products)}
    answer = httpx.post(f"{url}/catalog/imports", headers=headers, json=body, timeout=60)
    assert answer.status_code == 200, answer.text


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
