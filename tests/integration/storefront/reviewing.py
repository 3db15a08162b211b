"""Buying and reviewing, as the tests do it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import httpx

from tests.integration.storefront.goods import key, line, new_sku, order
from tests.integration.storefront.tills import stated

if TYPE_CHECKING:
    from tests.integration.storefront.conftest import Database


class Goods:
    """One product that many people buy.

    Parameters
    ----------
    partner
        Brings it into the catalogue.
    """

    def __init__(self, partner: httpx.Client, **changed: Any) -> None:
        self.vendor_id = f"v-{uuid.uuid4().hex[:12]}"
        wanted = {"opening_stock": 1000, "vendor_id": self.vendor_id, **changed}
        self.sku = new_sku(partner, **wanted)
        self.product_id = f"product-{self.sku}"

    def bought(self, shopper: httpx.Client) -> dict[str, Any]:
        """Buy it, and return what a review of it says of the order."""
        answer = stated(shopper, order(line(self.sku)))
        assert answer.status_code == 201, answer.text
        order_id = answer.json()["order_id"]
        return {"product_id": self.product_id, "order_id": order_id, "line_number": 1}

    def rating(self, client: httpx.Client) -> dict[str, Any]:
        """Return what its ratings come to."""
        rating: dict[str, Any] = client.get(f"/products/{self.product_id}/rating").json()
        return rating

    def reviews(self, client: httpx.Client, **query: Any) -> list[dict[str, Any]]:
        """Return its published reviews."""
        answer = client.get(f"/products/{self.product_id}/reviews", params=query)
        assert answer.status_code == 200, answer.text
        reviews: list[dict[str, Any]] = answer.json()["reviews"]
        return reviews


def post(shopper: httpx.Client, bought: dict[str, Any], **opinion: Any) -> httpx.Response:
    """Review something."""
    body = {**bought, "rating": 4, "title": "Good", "body": "Keeps well.", **opinion}
    return shopper.post("/reviews", json=body, headers=key())


def posted(shopper: httpx.Client, goods: Goods, **opinion: Any) -> dict[str, Any]:
    """Buy something and review it."""
    answer = post(shopper, goods.bought(shopper), **opinion)
    assert answer.status_code == 201, answer.text
    review: dict[str, Any] = answer.json()
    return review


def decided(partner: httpx.Client, review: dict[str, Any], decision: str) -> httpx.Response:
    """Decide about a review."""
    body = {"decision": decision, "revision": review["revision"], "reason": "read it"}
    path = f"/reviews/{review['review_id']}/moderations"
    return partner.post(path, json=body, headers=key())


def recounted(database: Database, product_id: str) -> list[int]:
    """Count the published ratings of each number of stars anew."""
    query = (
        "SELECT rating, count(*) FROM reviews WHERE product_id = $1 AND state = 'published' "
        "GROUP BY rating"
    )
    found = {row["rating"]: row["count"] for row in database.rows(query, product_id)}
    return [found.get(stars, 0) for stars in range(1, 6)]
