"""Promotion codes: used as often as they may be, by whoever comes at the same time."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from storefront_api.events import Event, Topic
from storefront_api.events.orders import OrderCompletedV3
from storefront_api.events.promotions import CouponAppliedV1, PromotionCreatedV1
from tests.integration.storefront.conftest import Database, Worker, until
from tests.integration.storefront.goods import key, line, new_sku, order
from tests.integration.storefront.tills import stated

TENTH = {"kind": "percent", "value": 1000, "currency": "USD"}


def create(partner: httpx.Client, **changed: Any) -> str:
    code = f"T-{uuid.uuid4().hex[:12].upper()}"
    body = {"code": code, **TENTH, **changed}
    answer = partner.post("/promotions", json=body, headers=key())
    assert answer.status_code == 201, answer.text
    return code


def buy(client: httpx.Client, sku: str, *codes: str, **changed: Any) -> httpx.Response:
    body = order(line(sku), promotion_codes=list(codes), **changed)
    return stated(client, body)


def test_an_order_with_a_code_says_what_each_line_saved(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    dear, cheap = (new_sku(partner, list_price_minor=price) for price in (1000, 333))
    tenth, dollar = (
        create(partner, stackable=True),
        create(partner, kind="amount", value=100, stackable=True),
    )
    body = order(line(dear), line(cheap, 2), promotion_codes=[tenth, dollar])
    placed = stated(shopper, body).json()
    assert placed["discounts"] == [
        {
            "code": tenth,
            "amount_minor": 167,
            "lines": [
                {"line_number": 1, "amount_minor": 100},
                {"line_number": 2, "amount_minor": 67},
            ],
        },
        {
            "code": dollar,
            "amount_minor": 100,
            "lines": [
                {"line_number": 1, "amount_minor": 60},
                {"line_number": 2, "amount_minor": 40},
            ],
        },
    ]
    assert [each["discount_minor"] for each in placed["lines"]] == [160, 107]
    assert placed["total_minor"] == 1666 - 267
    assert shopper.get(f"/orders/{placed['order_id']}").json() == placed
    assert partner.get(f"/promotions/{tenth}").json()["used"] == 1


def test_an_order_without_codes_has_no_discounts(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    body = order(line(new_sku(partner)))
    assert stated(shopper, body).json()["discounts"] == []


@pytest.mark.parametrize(("limit", "wins"), [(1, 1), (7, 7)])
def test_a_hundred_parallel_uses_of_a_limited_code_win_as_often_as_it_says(
    partner: httpx.Client, database: Database, limit: int, wins: int
) -> None:
    sku, code = new_sku(partner, opening_stock=1000), create(partner, max_uses=limit)
    with ThreadPoolExecutor(25) as threads:
        answers = list(threads.map(lambda n: buy(partner, sku, code, subject=f"s-{n}"), range(100)))
    assert Counter(a.status_code for a in answers) == {201: wins, 409: 100 - wins}
    problems = {a.json()["code"] for a in answers if a.status_code == 409}
    assert problems == {"promotion_used_up"}
    assert partner.get(f"/promotions/{code}").json()["used"] == wins
    # Whoever lost has neither an order nor the goods.
    sold = "SELECT 1000 - on_hand FROM stock WHERE sku = $1"
    assert database.value(sold, sku) == wins
    discounted = "SELECT count(DISTINCT order_id) FROM order_discounts WHERE code = $1"
    assert database.value(discounted, code) == wins


def test_a_shopper_uses_a_code_as_often_as_it_says_however_many_come_at_once(
    partner: httpx.Client,
) -> None:
    sku, code = new_sku(partner, opening_stock=1000), create(partner, max_uses_per_shopper=2)
    with ThreadPoolExecutor(20) as threads:
        answers = list(
            threads.map(lambda n: buy(partner, sku, code, subject=f"s-{n % 4}"), range(40))
        )
    assert Counter(a.status_code for a in answers) == {201: 8, 409: 32}
    refused = next(a.json() for a in answers if a.status_code == 409)
    assert refused["field"] == "body.promotion_codes.0"
    assert "by this shopper" in refused["detail"]


def test_two_codes_in_either_order_never_wait_in_a_circle(partner: httpx.Client) -> None:
    sku = new_sku(partner, opening_stock=1000)
    one, two = (create(partner, max_uses=1000, stackable=True) for _ in range(2))
    with ThreadPoolExecutor(16) as threads:
        orders = threads.map(
            lambda n: buy(partner, sku, *([one, two] if n % 2 else [two, one]), subject=f"s-{n}"),
            range(80),
        )
        assert {answer.status_code for answer in orders} == {201}
    assert partner.get(f"/promotions/{one}").json()["used"] == 80


def test_the_same_key_uses_a_code_once(partner: httpx.Client) -> None:
    sku, code, header = new_sku(partner), create(partner, max_uses=1), key()
    body = order(line(sku), promotion_codes=[code], subject="s-1")
    first, second = (partner.post("/orders", json=body, headers=header) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert partner.get(f"/promotions/{code}").json()["used"] == 1


def test_a_refused_order_leaves_the_code_unused(partner: httpx.Client) -> None:
    sku, code = new_sku(partner, opening_stock=0), create(partner, max_uses=1)
    assert buy(partner, sku, code, subject="s-1").json()["code"] == "out_of_stock"
    assert partner.get(f"/promotions/{code}").json()["used"] == 0


def test_bad_codes_are_refused_by_place_and_rule(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    sku = new_sku(partner)
    unknown = buy(shopper, sku, "NO-SUCH-CODE")
    assert (unknown.status_code, unknown.json()["field"]) == (422, "body.promotion_codes.0")
    twice = buy(shopper, sku, "SAME", "SAME")
    assert (twice.status_code, twice.json()["field"]) == (422, "body.promotion_codes")
    assert buy(shopper, sku, "lower case").status_code == 422
    assert buy(shopper, sku, *(f"CODE-{n}" for n in range(6))).status_code == 422


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"value": 10_001}, 422),
        ({"value": 0}, 422),
        ({"kind": "gift"}, 422),
        ({"starts_at": "2018-01-01T00:00:00Z", "ends_at": "2018-01-01T00:00:00Z"}, 422),
        ({"ends_at": "2000-01-01T00:00:00Z"}, 422),
        ({"max_uses": 0}, 422),
        ({"colour": "green"}, 422),
    ],
)
def test_a_promotion_that_makes_no_sense_is_refused(
    partner: httpx.Client, changed: dict[str, Any], status: int
) -> None:
    body = {"code": "NONSENSE", **TENTH, **changed}
    assert partner.post("/promotions", json=body, headers=key()).status_code == status


def test_a_code_exists_once_and_is_the_partners_to_make(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    code = create(partner)
    again = partner.post("/promotions", json={"code": code, **TENTH}, headers=key())
    assert (again.status_code, again.json()["field"]) == (409, "body.code")
    body = {"code": "MINE", **TENTH}
    assert shopper.post("/promotions", json=body, headers=key()).status_code == 403
    assert partner.get("/promotions/NOT-THERE").status_code == 404


def test_every_code_of_an_order_is_told_beside_it(
    partner: httpx.Client,
    database: Database,
    new_relay: Callable[[], Worker],
    read_events: Callable[..., list[Event]],
) -> None:
    sku, code = new_sku(partner, list_price_minor=1000), create(partner)
    placed = buy(partner, sku, code, subject="s-1").json()
    relay = new_relay()
    relay.start("storefront_api.platform.relay")
    until(lambda: database.value("SELECT count(*) FROM outbox") == 0, "the outbox is empty")
    relay.end()
    events = read_events(Topic.CATALOG, Topic.ORDERS)
    (created,) = (e for e in events if isinstance(e, PromotionCreatedV1) and e.data.code == code)
    assert created.data.value == 1000
    (applied,) = (e for e in events if isinstance(e, CouponAppliedV1) and e.data.code == code)
    assert str(applied.data.order_id) == placed["order_id"]
    assert applied.data.amount_minor == 100
    (completed,) = (
        e
        for e in events
        if isinstance(e, OrderCompletedV3) and str(e.data.order_id) == placed["order_id"]
    )
    assert completed.data.lines[0].discount_minor == 100
