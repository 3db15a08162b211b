"""What a vendor's scorecard says of real shipments, cancellations and reviews."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.integration.storefront.accounts import People
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import key, line, order
from tests.integration.storefront.reviewing import decided, post
from tests.integration.storefront.sending import allocated
from tests.integration.storefront.tills import stated
from tests.integration.storefront.vending import goods_of, new_vendor

LONG = {"since": "2020-01-01", "until": "2029-12-31"}


class Card:
    """A vendor's scorecard."""

    def __init__(self, people: People, vendor_id: str) -> None:
        self._client = people.vendor(vendor_id)

    def __getitem__(self, measure: str) -> tuple[int, int]:
        """Return what is counted, and among what."""
        rates = self._client.get("/vendor/scorecard", params=LONG).json()["rates"]
        (found,) = [rate for rate in rates if rate["measure"] == measure]
        return found["counted"], found["among"]


def placed(client: httpx.Client, *skus: str, days_ago: float = 0) -> str:
    """Place an order some days ago and return its id."""
    times = {}
    if days_ago:
        at = datetime.now(UTC) - timedelta(days=days_ago)
        times = {"X-Occurred-At": at.isoformat(timespec="milliseconds")}
    body = order(*(line(sku, 2) for sku in skus), **({"subject": "s-1"} if days_ago else {}))
    answer = stated(client, body, **times)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["order_id"])


def shipped(
    partner: httpx.Client, order_id: str, kinds: tuple[str, ...] = ("accepted",), **quantities: int
) -> None:
    """Hand parts of an order to the store's own people."""
    answer = allocated(partner, order_id, "store", **quantities)
    path = f"/shipments/{answer.json()['shipment_id']}/scans"
    for kind in kinds:
        assert partner.post(path, json={"kind": kind}).status_code == 200


def test_orders_are_shipped_in_time_or_late_by_the_promise_of_their_day(
    partner: httpx.Client, people: People, database: Database
) -> None:
    slow, quick = new_vendor(), new_vendor()
    one, two = goods_of(partner, slow, 100), goods_of(partner, quick, 100)
    promise = "INSERT INTO shipping_promises VALUES ($1, 1, $2, 'a test', $3)"
    database.rows(promise, slow, 10, datetime.now(UTC) - timedelta(days=6))
    cards = Card(people, slow), Card(people, quick)
    # Two vendors, four days: late for who promises three, in time for who promises ten.
    shipped(partner, placed(partner, one, two, days_ago=4))
    assert [card["late_ship_rate"] for card in cards] == [(0, 1), (1, 1)]
    # Eight days ago there was no promise of ten days yet.
    shipped(partner, placed(partner, one, days_ago=8))
    assert cards[0]["late_ship_rate"] == (1, 2)
    # An order in two parts is one; a part that goes straight to its shopper is shipped, too.
    parts = placed(partner, two, days_ago=1)
    shipped(partner, parts, line_1=1)
    shipped(partner, parts, ("delivered", "accepted"), line_1=1)
    assert cards[1]["late_ship_rate"] == (1, 2)


def test_a_promise_is_never_changed(database: Database) -> None:
    with pytest.raises(Exception, match="shipping_promises is append-only"):
        database.rows("UPDATE shipping_promises SET days = 90")


def test_orders_are_cancelled_by_the_vendor_when_it_has_nothing(
    partner: httpx.Client, people: People
) -> None:
    vendor_id = new_vendor()
    sku = goods_of(partner, vendor_id, 100)
    for reason in ("out_of_stock", "fraud"):
        path = f"/orders/{placed(partner, sku, days_ago=1)}/cancel"
        answer = partner.post(path, json={"reason": reason}, headers=key())
        assert answer.status_code == 200, answer.text
    assert Card(people, vendor_id)["cancellation_rate"] == (1, 2)


def test_the_mean_of_the_stars_follows_what_the_reviews_say_now(
    partner: httpx.Client, people: People
) -> None:
    vendor_id = new_vendor()
    sku = goods_of(partner, vendor_id, 100)
    card, author = Card(people, vendor_id), people.customer()

    def review(**opinion: Any) -> dict[str, Any]:
        bought = {"product_id": f"product-{sku}", "order_id": placed(author, sku), "line_number": 1}
        answer = post(author, bought, **opinion)
        assert answer.status_code == 201, answer.text
        written: dict[str, Any] = answer.json()
        return written

    first, second = review(rating=5), review(rating=2)
    assert card["rating"] == (7, 2)
    path = f"/reviews/{second['review_id']}"
    author.put(path, json={"rating": 3, "title": "Good", "body": "Better."}).raise_for_status()
    assert card["rating"] == (8, 2)
    held = review(rating=1, body="See www.elsewhere.example")
    assert (held["state"], card["rating"]) == ("held", (8, 2))
    assert decided(partner, held, "published").status_code == 201
    assert card["rating"] == (9, 3)
    assert decided(partner, first, "rejected").status_code == 201
    author.delete(path).raise_for_status()
    assert card["rating"] == (1, 1)


def test_products_are_shown_with_their_rating_wherever_they_are(
    partner: httpx.Client, people: People
) -> None:
    sku = goods_of(partner, new_vendor(), 100, name=f"Groats of {new_vendor()}")
    author, product_id = people.customer(), f"product-{sku}"

    def shown() -> list[dict[str, Any]]:
        product = partner.get(f"/products/{product_id}").json()
        pages = partner.get("/products", params={"limit": 200}).json()["products"]
        (listed,) = [each for each in pages if each["product_id"] == product_id]
        found = partner.get("/search", params={"q": product["name"]}).json()["products"][0]
        assert found["product_id"] == product_id
        return [
            product["rating"],
            listed["rating"],
            {"weighted": found["rating"], "reviews": found["reviews"]},
        ]

    assert shown() == [{"weighted": 3.0, "reviews": 0}] * 3
    bought = {"product_id": product_id, "order_id": placed(author, sku), "line_number": 1}
    assert post(author, bought, rating=5).status_code == 201
    # (5 * 3 + 5) / 6 = 3.333
    assert shown() == [{"weighted": 3.33, "reviews": 1}] * 3
