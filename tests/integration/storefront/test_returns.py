"""Returns: in time, inspected, paid back to the minor unit, and never more than was paid."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from storefront_api.events import Topic
from storefront_api.events.returns import ReturnReceivedV2
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import key, line, new_sku, order
from tests.integration.storefront.paying import Outbox, stock
from tests.integration.storefront.sending import delivered, history, placed, whats
from tests.integration.storefront.test_promotions import create
from tests.integration.storefront.tills import stated

Shoppers = Callable[[], httpx.Client]


def asked(client: httpx.Client, order_id: str, *units: int) -> httpx.Response:
    """Ask to return some units of each line; none of those with 0."""
    lines = [
        {"line_number": number, "units": each, "reason": "unwanted"}
        for number, each in enumerate(units, 1)
        if each
    ]
    return client.post(f"/orders/{order_id}/returns", json={"lines": lines}, headers=key())


def approved(partner: httpx.Client, client: httpx.Client, order_id: str, *units: int) -> str:
    answer = asked(client, order_id, *units)
    assert answer.status_code == 201, answer.text
    return_id = str(answer.json()["return_id"])
    answer = partner.post(f"/returns/{return_id}/approve", json={})
    assert answer.json()["state"] == "approved"
    return return_id


def received(
    partner: httpx.Client, return_id: str, *found: tuple[int, int, int], **header: str
) -> httpx.Response:
    """Receive a return, with line number, restocked and written off of each line."""
    names = ("line_number", "restocked", "written_off")
    body = {"lines": [dict(zip(names, each, strict=True)) for each in found]}
    return partner.post(f"/returns/{return_id}/receive", json=body, headers=header or key())


@pytest.fixture
def three(partner: httpx.Client, shopper: httpx.Client) -> tuple[httpx.Client, dict[str, Any]]:
    """Three units for 1,000 less 100, delivered."""
    sku = new_sku(partner, list_price_minor=333, opening_stock=10)
    code = create(partner, kind="amount", value=100)
    wanted = order(line(sku, 3), promotion_codes=[code])
    bought = stated(shopper, wanted).json()
    assert bought["total_minor"] == 899
    delivered(partner, bought["order_id"])
    return shopper, bought


def test_one_of_three_comes_back_with_its_exact_share_and_is_stock_again(
    partner: httpx.Client,
    three: tuple[httpx.Client, dict[str, Any]],
    database: Database,
    outbox: Outbox,
) -> None:
    shopper, bought = three
    order_id, sku = bought["order_id"], bought["lines"][0]["sku"]
    return_id = approved(partner, shopper, order_id, 1)
    answer = received(partner, return_id, (1, 1, 0)).json()
    assert answer["state"] == "received"
    found = answer["lines"][0]
    assert (found["list_minor"], found["discount_minor"]) == (333, 34)
    shown = shopper.get(f"/orders/{order_id}").json()
    assert (shown["status"], shown["refunded_minor"]) == ("partially_returned", 299)
    assert stock(database, sku) == (8, 0)
    assert whats(shopper, order_id)[-4:] == [
        "return_requested",
        "return_approved",
        "returned",
        "refunded",
    ]
    types = [event.type for event in outbox(Topic.RETURNS, order_id)]
    assert types == ["return_requested", "return_approved", "return_received"]
    ledger = "SELECT sum(delta) FROM stock_movements WHERE sku = $1"
    assert database.value(ledger, sku) == 8


def test_unit_after_unit_gives_in_the_end_what_the_line_cost(
    partner: httpx.Client,
    three: tuple[httpx.Client, dict[str, Any]],
    database: Database,
    outbox: Outbox,
) -> None:
    shopper, bought = three
    order_id, sku = bought["order_id"], bought["lines"][0]["sku"]
    for restocked in (1, 0, 1):
        return_id = approved(partner, shopper, order_id, 1)
        received(partner, return_id, (1, restocked, 1 - restocked))
    told = [
        event.data.refunded_minor
        for event in outbox(Topic.RETURNS, order_id)
        if isinstance(event, ReturnReceivedV2)
    ]
    assert told == [299, 300, 300]
    shown = shopper.get(f"/orders/{order_id}").json()
    assert (shown["status"], shown["refunded_minor"]) == ("refunded", 899)
    assert stock(database, sku) == (9, 0)
    assert asked(shopper, order_id, 1).json()["code"] == "not_returnable"


def test_returns_and_refunds_at_once_never_exceed_what_was_paid(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    bought = placed(partner, shopper, 10)
    order_id, sku = bought["order_id"], bought["lines"][0]["sku"]
    delivered(partner, order_id)
    returns = [approved(partner, shopper, order_id, 1) for _ in range(10)]

    def pay_back(number: int) -> int:
        if number < 10:
            return received(partner, returns[number], (1, 1, 0)).status_code
        body = {"amount_minor": 400, "reason": "goodwill"}
        return partner.post(f"/orders/{order_id}/refunds", json=body, headers=key()).status_code

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(pay_back, range(20)))
    assert answers[:10] == [200] * 10
    assert set(answers[10:]) <= {201, 409}
    query = "SELECT coalesce(sum(amount_minor), 0) FROM refunds WHERE order_id = $1"
    refunded = database.value(query, uuid.UUID(order_id))
    shown = shopper.get(f"/orders/{order_id}").json()
    assert refunded == shown["refunded_minor"] == bought["total_minor"] == 2500
    assert shown["status"] == "refunded"
    assert stock(database, sku) == (100, 0)
    assert history(shopper, order_id)["status"] == "refunded"


def test_one_return_is_received_once_whoever_receives_it_at_once(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    bought = placed(partner, shopper, 4)
    delivered(partner, bought["order_id"])
    return_id = approved(partner, shopper, bought["order_id"], 2)
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda _: received(partner, return_id, (1, 2, 0)), range(10)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 9}
    assert stock(database, bought["lines"][0]["sku"]) == (98, 0)
    assert shopper.get(f"/orders/{bought['order_id']}").json()["refunded_minor"] == 500


def test_no_more_units_are_asked_for_than_the_shopper_has(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    bought = placed(partner, shopper, 5, 1)
    order_id = bought["order_id"]
    early = asked(shopper, order_id, 1)
    assert (early.status_code, early.json()["code"]) == (409, "not_returnable")
    delivered(partner, order_id)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: asked(shopper, order_id, 2), range(8)))
    assert Counter(answer.status_code for answer in answers) == {201: 2, 409: 6}
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert refused["details"][0]["rule_id"] == "everything"
    assert asked(shopper, order_id, 0, 0, 1).json()["field"] == "body.lines.0.line_number"
    assert asked(shopper, order_id, 2, 1).status_code == 409
    assert asked(shopper, order_id, 1, 1).status_code == 201
    assert len(shopper.get(f"/orders/{order_id}/returns").json()) == 3


def test_a_rejected_return_frees_its_units_and_pays_nothing(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    order_id = placed(partner, shopper, 1)["order_id"]
    delivered(partner, order_id)
    return_id = asked(shopper, order_id, 1).json()["return_id"]
    path = f"/returns/{return_id}"
    unapproved = received(partner, return_id, (1, 1, 0))
    assert (unapproved.status_code, unapproved.json()["code"]) == (409, "return_state")
    answer = partner.post(f"{path}/reject", json={"decision": "it was worn"})
    assert (answer.json()["state"], answer.json()["decision"]) == ("rejected", "it was worn")
    for verb in ("reject", "approve"):
        assert partner.post(f"{path}/{verb}", json={}).json()["code"] == "return_state"
    assert received(partner, return_id, (1, 1, 0)).status_code == 409
    assert shopper.get(f"/orders/{order_id}").json()["refunded_minor"] == 0
    assert shopper.get(path).json()["state"] == "rejected"
    assert asked(shopper, order_id, 1).status_code == 201


def test_after_the_days_of_the_rule_nothing_comes_back(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    department = f"D{uuid.uuid4().hex[:8]}"
    rule = "INSERT INTO return_rules VALUES ($1, $2, $3, $4, '2020-01-01Z')"
    strict, plain = new_sku(partner, department=department), new_sku(partner)
    wanted = order(line(strict, 1), line(plain, 1))
    order_id = stated(shopper, wanted).json()["order_id"]
    delivered(partner, order_id)
    database.rows(rule, f"strict-{department}", 1, department, 0)
    refused = asked(shopper, order_id, 1, 1).json()
    assert [each["line_number"] for each in refused["details"]] == [1]
    assert refused["details"][0]["days"] == 0
    database.rows(rule, f"strict-{department}", 2, department, 1)
    told = asked(shopper, order_id, 1, 1).json()["lines"]
    assert [(each["rule_id"], each["rule_version"]) for each in told] == [
        (f"strict-{department}", 2),
        ("everything", 1),
    ]


def test_goods_that_came_back_by_a_refund_do_not_come_back_again(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    bought = placed(partner, shopper, 3)
    order_id, sku = bought["order_id"], bought["lines"][0]["sku"]
    delivered(partner, order_id)

    def refunded(units: int) -> int:
        body = {"amount_minor": 1, "reason": "returned", "restock": [line(sku, units)]}
        return partner.post(f"/orders/{order_id}/refunds", json=body, headers=key()).status_code

    assert refunded(1) == 201
    assert asked(shopper, order_id, 3).status_code == 409
    return_id = approved(partner, shopper, order_id, 1)
    assert refunded(2) == 409
    received(partner, return_id, (1, 0, 1))
    assert refunded(2) == 409
    assert refunded(1) == 201
    assert stock(database, sku) == (99, 0)


def test_an_inspection_tells_of_every_unit_and_is_answered_twice_under_one_key(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    order_id = placed(partner, shopper, 2, 1)["order_id"]
    delivered(partner, order_id)
    return_id = approved(partner, shopper, order_id, 2, 1)
    wrong = ([(1, 2, 0)], [(1, 1, 0), (2, 1, 0)], [(1, 2, 0), (2, 1, 1)], [(1, 2, 0)] * 2)
    for found in wrong:
        refused = received(partner, return_id, *found)
        assert (refused.status_code, refused.json()["field"]) == (422, "body.lines")
    header = key()
    both = [received(partner, return_id, (1, 1, 1), (2, 1, 0), **header) for _ in range(2)]
    assert (both[0].status_code, both[0].text) == (200, both[1].text)
    assert shopper.get(f"/orders/{order_id}").json()["status"] == "refunded"


def test_what_was_bought_at_the_counter_comes_back_too(partner: httpx.Client) -> None:
    body = order(line(new_sku(partner), 2), channel="till", subject="s-till")
    order_id = partner.post("/orders", json=body, headers=key()).json()["order_id"]
    return_id = approved(partner, partner, order_id, 1)
    assert received(partner, return_id, (1, 1, 0)).json()["refund_id"]
    assert partner.get(f"/orders/{order_id}").json()["status"] == "partially_returned"


def test_a_stranger_finds_no_return_and_a_shopper_decides_nothing(
    partner: httpx.Client, new_shopper: Shoppers
) -> None:
    owner, stranger = new_shopper(), new_shopper()
    order_id = placed(partner, owner)["order_id"]
    delivered(partner, order_id)
    assert asked(stranger, order_id, 1).status_code == 404
    assert stranger.get(f"/orders/{order_id}/returns").status_code == 404
    return_id = asked(owner, order_id, 1).json()["return_id"]
    path = f"/returns/{return_id}"
    assert stranger.get(path).status_code == 404
    assert [
        owner.post(f"{path}/{verb}", json={}).status_code for verb in ("approve", "reject")
    ] == [
        403,
        403,
    ]
    assert received(owner, return_id, (1, 1, 0)).status_code == 403
