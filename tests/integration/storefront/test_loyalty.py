"""Points: earned by customers, spent once, oldest first, void in time, and undone by refunds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from storefront_api.events import Topic
from storefront_api.loyalty import service
from storefront_api.platform.database import open_pool
from tests.integration.storefront.accounting import check_books, customer, gift_card, posted
from tests.integration.storefront.accounts import People
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import key, line, new_sku, order
from tests.integration.storefront.paying import Outbox, body, completed, covered, opened
from tests.integration.storefront.test_money_back import refund
from tests.integration.storefront.tills import stated

Shoppers = Callable[[], httpx.Client]
RULE = {
    "rule_id": "points",
    "currency": "USD",
    "earn_basis_points": 1000,
    "spend_basis_points": 10_000,
    "expires_after_days": 30,
    "source": "the tests",
}


def new_rule(partner: httpx.Client, **changed: Any) -> dict[str, Any]:
    """Create a version of the rule."""
    answer = partner.post("/loyalty/rules", json=RULE | changed, headers=key())
    assert answer.status_code == 201, answer.text
    rule: dict[str, Any] = answer.json()
    return rule


@pytest.fixture(autouse=True)
def rule(partner: httpx.Client) -> dict[str, Any]:
    """A tenth of every order's money comes as points, and a point pays a cent."""
    return new_rule(partner)


def points(client: httpx.Client) -> int:
    """Return how many points a customer may spend."""
    return int(client.get("/loyalty/points").json()["points"])


def expire(database: Database, now: datetime) -> int:
    """Void what is over at a time."""

    async def expiring() -> int:
        pool = await open_pool(database.url, 2)
        try:
            return await service.expire(pool, now)
        finally:
            await pool.close()

    return asyncio.run(expiring())


def kinds(outbox: Outbox, subject: str) -> list[str]:
    """Return the types of a customer's events."""
    return [event.type for event in outbox(Topic.LEDGER, subject)]


def test_a_customer_s_order_brings_points_in_the_same_transfer(
    partner: httpx.Client,
    shopper: httpx.Client,
    people: People,
    rule: dict[str, Any],
    database: Database,
    outbox: Outbox,
) -> None:
    subject = customer(shopper, people)
    order_id = covered(partner, shopper, new_sku(partner, list_price_minor=999))["order_id"]
    assert posted(partner, f"order/{order_id}") == {
        "held/gift_card/USD": -999,
        "revenue/USD": 999,
        "points_issued/points": -99,
        f"points_lot/{subject}/{order_id}": 99,
    }
    assert points(shopper) == 99
    event: Any = outbox(Topic.LEDGER, subject)[0]
    assert (event.type, event.data.points) == ("loyalty_earned", 99)
    assert event.data.rule_version == rule["version"]
    check_books(database)


def test_guests_and_orders_that_are_stated_earn_nothing(
    partner: httpx.Client, shopper: httpx.Client, people: People
) -> None:
    sku, customer_ = new_sku(partner), people.customer()
    stated_one = stated(customer_, order(line(sku))).json()
    paid_by = {
        covered(partner, shopper, sku)["order_id"]: "held/gift_card/USD",
        stated_one["order_id"]: "clearing/card/USD",
    }
    for order_id, account in paid_by.items():
        assert posted(partner, f"order/{order_id}") == {account: -250, "revenue/USD": 250}
    assert points(customer_) == 0
    assert shopper.get("/loyalty/points").status_code == 403
    shopper.put(f"/cart/lines/{sku}", json={"quantity": 1, "saved": False})
    refused = shopper.post("/checkouts", json=body(points=5), headers=key())
    assert (refused.status_code, refused.json()["field"]) == (403, "body.points")


def test_an_order_holds_to_the_rule_of_its_time(
    partner: httpx.Client, shopper: httpx.Client, people: People
) -> None:
    customer(shopper, people)
    sku = new_sku(partner, list_price_minor=1000)
    later = datetime.now(UTC) + timedelta(days=1)
    new_rule(partner, earn_basis_points=9000, starts_at=later.isoformat())
    covered(partner, shopper, sku)
    assert points(shopper) == 100
    changed = new_rule(partner, earn_basis_points=0)
    assert changed["earn_basis_points"] == 0
    covered(partner, shopper, sku)
    assert points(shopper) == 100


def test_points_pay_a_checkout_after_gift_cards_and_earn_nothing_themselves(
    partner: httpx.Client, shopper: httpx.Client, people: People, database: Database, outbox: Outbox
) -> None:
    subject = customer(shopper, people)
    sku = new_sku(partner, list_price_minor=1000)
    covered(partner, shopper, sku, quantity=6)
    code, _ = gift_card(partner, 700)
    checkout = opened(shopper, sku, gift_cards=[code], points=500)
    assert [t["amount_minor"] for t in checkout["tenders"]] == [700, 300]
    assert (checkout["due_minor"], points(shopper)) == (0, 300)
    assert completed(shopper, checkout).json()["state"] == "completed"
    moved = posted(partner, f"order/{checkout['checkout_id']}")
    lot = f"points_lot/{subject}/{checkout['checkout_id']}"
    assert moved == {
        "held/gift_card/USD": -700,
        "points_redeemed/USD": -300,
        "revenue/USD": 1000,
        "held/points/points": -300,
        "points_spent/points": 300,
        "points_issued/points": -70,
        lot: 70,
    }
    assert points(shopper) == 370
    assert kinds(outbox, subject) == ["loyalty_earned", "loyalty_earned", "loyalty_spent"]
    check_books(database)


def test_two_checkouts_cannot_spend_the_same_points(
    partner: httpx.Client, new_shopper: Shoppers, people: People, database: Database
) -> None:
    shopper = new_shopper()
    customer(shopper, people)
    sku = new_sku(partner, list_price_minor=1000)
    covered(partner, shopper, sku, quantity=5)
    shopper.put(f"/cart/lines/{sku}", json={"quantity": 1, "saved": False})
    with ThreadPoolExecutor(20) as threads:
        wanted = body(points=200)
        answers = list(
            threads.map(lambda _: shopper.post("/checkouts", json=wanted, headers=key()), range(20))
        )
    opened_ = [answer.json() for answer in answers if answer.status_code == 201]
    refused = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert [checkout["due_minor"] for checkout in opened_] == [800, 800]
    assert refused == {"too_few_points"}
    assert points(shopper) == 100
    for checkout in opened_:
        shopper.delete(f"/checkouts/{checkout['checkout_id']}")
    assert points(shopper) == 500
    check_books(database)


def test_lots_that_expire_first_are_spent_first_and_end_in_time(
    partner: httpx.Client, shopper: httpx.Client, people: People, database: Database, outbox: Outbox
) -> None:
    subject = customer(shopper, people)
    sku = new_sku(partner, list_price_minor=1000)
    new_rule(partner, expires_after_days=300)
    late = covered(partner, shopper, sku)["order_id"]
    new_rule(partner, expires_after_days=3)
    soon = covered(partner, shopper, sku)["order_id"]
    checkout = opened(shopper, sku, points=130)
    assert posted(partner, f"hold/{checkout['checkout_id']}") == {
        f"points_lot/{subject}/{soon}": -100,
        f"points_lot/{subject}/{late}": -30,
        "held/points/points": 130,
    }
    shopper.delete(f"/checkouts/{checkout['checkout_id']}")
    now = datetime.now(UTC)
    expire(database, now + timedelta(days=2))
    assert points(shopper) == 200
    assert expire(database, now + timedelta(days=4)) >= 1
    assert expire(database, now + timedelta(days=4)) == 0
    assert points(shopper) == 100
    lots = shopper.get("/loyalty/points").json()["lots"]
    assert [lot["points"] for lot in lots] == [100]
    assert kinds(outbox, subject)[-1] == "loyalty_expired"
    check_books(database)


def test_a_refund_takes_earned_points_in_proportion_and_gives_spent_ones_back(
    partner: httpx.Client, shopper: httpx.Client, people: People, database: Database, outbox: Outbox
) -> None:
    subject = customer(shopper, people)
    sku = new_sku(partner, list_price_minor=1000)
    first = covered(partner, shopper, sku, quantity=3)
    code, card = gift_card(partner, 800)
    checkout = opened(shopper, sku, gift_cards=[code], points=300)
    completed(shopper, checkout)
    assert points(shopper) == 300 - 200 + 80
    placed = {"order_id": checkout["checkout_id"]}
    steps = []
    for amount in (100, 100, 700, 100):
        answer = refund(partner, placed, amount)
        assert answer.status_code == 201, answer.text
        refund_id = answer.json()["refund_id"]
        moved = posted(partner, f"refund/{refund_id}")
        lot = f"points_lot/{subject}"
        steps.append(
            (
                moved.get(f"{lot}/refund-{refund_id}", 0),
                moved.get(f"{lot}/{checkout['checkout_id']}", 0),
                moved.get(card, 0),
                moved.get("points_redeemed/USD", 0),
            )
        )
    assert steps == [(100, -8, 0, 100), (100, -8, 0, 100), (0, -56, 700, 0), (0, -8, 100, 0)]
    assert points(shopper) == 300
    told: Any = outbox(Topic.LEDGER, subject)[-1]
    assert (told.type, told.data.taken_points, told.data.missing_points) == (
        "loyalty_reversed",
        8,
        0,
    )
    assert refund(partner, first, 1).status_code == 201
    check_books(database)


def test_points_that_are_spent_already_are_missing_and_never_below_zero(
    partner: httpx.Client, shopper: httpx.Client, people: People, database: Database, outbox: Outbox
) -> None:
    subject = customer(shopper, people)
    sku = new_sku(partner, list_price_minor=1000)
    first = covered(partner, shopper, sku, quantity=2)
    checkout = opened(shopper, sku, points=150)
    assert checkout["due_minor"] == 850
    assert refund(partner, first, 2000).status_code == 201
    told: Any = outbox(Topic.LEDGER, subject)[-1]
    assert (told.data.taken_points, told.data.missing_points) == (50, 150)
    assert points(shopper) == 0
    check_books(database)


def test_points_pay_only_where_a_rule_says_what_they_are_worth(
    partner: httpx.Client, shopper: httpx.Client, people: People
) -> None:
    customer(shopper, people)
    sku = new_sku(partner, currency="CHF")
    covered(partner, shopper, sku, currency="CHF")
    shopper.put(f"/cart/lines/{sku}", json={"quantity": 1, "saved": False})
    refused = shopper.post("/checkouts", json=body(points=5), headers=key())
    assert (refused.status_code, refused.json()["detail"]) == (422, "points pay nothing in CHF")
    new_rule(partner, currency="CHF", rule_id="points-chf", spend_basis_points=1)
    few = shopper.post("/checkouts", json=body(points=5), headers=key())
    assert (few.status_code, few.json()["detail"]) == (409, "there are 0 points")


def test_points_that_pay_nothing_are_not_taken(
    partner: httpx.Client, shopper: httpx.Client, people: People
) -> None:
    customer(shopper, people)
    sku = new_sku(partner, list_price_minor=1000)
    covered(partner, shopper, sku)
    new_rule(partner, spend_basis_points=50)
    checkout = opened(shopper, sku, points=100)
    assert (checkout["tenders"], checkout["due_minor"]) == ([], 1000)
    assert points(shopper) == 100
