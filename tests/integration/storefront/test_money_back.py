"""Refunds and disputes: never more than the order, never twice, never unsigned."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from storefront_api.payments.signature import sign
from tests.integration import plain
from tests.integration.storefront.conftest import SECRET, Database
from tests.integration.storefront.goods import key, line, new_sku, order


@pytest.fixture
def placed(partner: httpx.Client) -> dict[str, Any]:
    """Place an order of 4 units, 1,000 minor units together."""
    body = order(line(new_sku(partner), 4), subject="s-1")
    answer: dict[str, Any] = partner.post("/orders", json=body, headers=key()).json()
    return answer


def refund(
    partner: httpx.Client, placed: dict[str, Any], amount: int, *restock: dict[str, Any]
) -> httpx.Response:
    body = {"amount_minor": amount, "reason": "returned", "restock": list(restock)}
    return partner.post(f"/orders/{placed['order_id']}/refunds", json=body, headers=key())


def events(database: Database, type_: str, order_id: str) -> list[dict[str, Any]]:
    rows = database.rows(
        "SELECT payload FROM outbox WHERE payload::jsonb ->> 'type' = $1 "
        "AND payload::jsonb -> 'data' ->> 'order_id' = $2 ORDER BY outbox_id",
        type_,
        order_id,
    )
    return [json.loads(row["payload"])["data"] for row in rows]


def test_refunds_at_once_never_exceed_the_order(
    partner: httpx.Client, placed: dict[str, Any], database: Database
) -> None:
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: refund(partner, placed, 300), range(20)))
    assert Counter(a.status_code for a in answers) == {201: 3, 409: 17}
    told = events(database, "order_refunded", placed["order_id"])
    assert [event["amount_minor"] for event in told] == [300, 300, 300]
    assert refund(partner, placed, 101).json()["field"] == "body.amount_minor"
    assert refund(partner, placed, 100).json()["refunded_minor"] == 1000
    assert partner.get(f"/orders/{placed['order_id']}").json()["refunded_minor"] == 1000


def test_a_refund_under_the_same_key_is_made_once(
    partner: httpx.Client, placed: dict[str, Any]
) -> None:
    path, header = f"/orders/{placed['order_id']}/refunds", key()
    body = {"amount_minor": 10, "reason": "goodwill"}
    first, second = (partner.post(path, json=body, headers=header) for _ in range(2))
    assert (first.status_code, first.text) == (201, second.text)
    other = partner.post(path, json=body | {"amount_minor": 11}, headers=header)
    assert other.json()["code"] == "idempotency_key_reused"
    assert partner.get(path.removesuffix("/refunds")).json()["refunded_minor"] == 10


def test_returned_goods_are_stock_again(
    partner: httpx.Client, placed: dict[str, Any], database: Database
) -> None:
    sku = placed["lines"][0]["sku"]
    assert refund(partner, placed, 500, line(sku, 1), line(sku, 1)).status_code == 201
    ledger = "SELECT delta, on_hand, reason FROM stock_movements WHERE sku = $1"
    moved = [tuple(row) for row in database.rows(f"{ledger} ORDER BY movement_id", sku)]
    assert moved == [(100, 100, "receipt"), (-4, 96, "order"), (2, 98, "return")]
    assert database.value("SELECT on_hand FROM stock WHERE sku = $1", sku) == 98


def test_more_than_was_ordered_does_not_come_back(
    partner: httpx.Client, placed: dict[str, Any], database: Database
) -> None:
    sku, other = placed["lines"][0]["sku"], new_sku(partner)
    assert refund(partner, placed, 1, line(sku, 3)).status_code == 201
    for wrong in (line(sku, 2), line(other)):
        answer = refund(partner, placed, 1, wrong)
        assert (answer.status_code, answer.json()["field"]) == (409, "body.restock")
    assert database.value("SELECT on_hand FROM stock WHERE sku = $1", sku) == 99
    assert partner.get(f"/orders/{placed['order_id']}").json()["refunded_minor"] == 1


def test_only_a_partner_refunds_and_only_what_exists(
    partner: httpx.Client, shopper: httpx.Client, placed: dict[str, Any]
) -> None:
    assert refund(shopper, placed, 1).status_code == 403
    assert refund(partner, {"order_id": str(uuid.uuid4())}, 1).status_code == 404


def report(store_url: str, body: bytes, header: str) -> httpx.Response:
    headers = {"X-Signature": header, "Content-Type": "application/json"}
    return plain.post(f"{store_url}/webhooks/disputes", content=body, headers=headers)


def disputed(order_id: str, dispute_id: str) -> bytes:
    return json.dumps(
        {
            "dispute_id": dispute_id,
            "order_id": order_id,
            "amount_minor": 1000,
            "reason": "fraudulent",
            "disputed_at": "2018-01-05T00:00:00Z",
        }
    ).encode()


def test_a_dispute_is_told_once_however_often_it_is_reported(
    store_url: str, placed: dict[str, Any], database: Database
) -> None:
    body = disputed(placed["order_id"], str(uuid.uuid4()))
    header = sign(SECRET, body, datetime.now(UTC))
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: report(store_url, body, header), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert sum(answer.json()["recorded"] for answer in answers) == 1
    assert len(events(database, "payment_disputed", placed["order_id"])) == 1


def test_an_unsigned_altered_or_old_report_is_refused(
    store_url: str, placed: dict[str, Any], database: Database
) -> None:
    body, now = disputed(placed["order_id"], str(uuid.uuid4())), datetime.now(UTC)
    wrong = (
        "",
        "t=1,v1=00",
        sign("another", body, now),
        sign(SECRET, body + b" ", now),
        sign(SECRET, body, now - timedelta(minutes=6)),
        f"t=999999999999,v1={'0' * 64}",
    )
    assert [report(store_url, body, header).status_code for header in wrong] == [401] * len(wrong)
    assert events(database, "payment_disputed", placed["order_id"]) == []


@pytest.mark.parametrize("table", ["stock_movements", "refunds", "disputes"])
def test_what_was_recorded_is_never_changed(
    table: str, partner: httpx.Client, placed: dict[str, Any], store_url: str, database: Database
) -> None:
    assert refund(partner, placed, 1).status_code == 201
    body = disputed(placed["order_id"], str(uuid.uuid4()))
    assert report(store_url, body, sign(SECRET, body, datetime.now(UTC))).status_code == 200
    column = {"stock_movements": "delta", "refunds": "amount_minor", "disputes": "amount_minor"}
    for statement in (f"UPDATE {table} SET {column[table]} = 1", f"DELETE FROM {table}"):
        with pytest.raises(Exception, match=f"{table} is append-only"):
            database.rows(statement)
