"""Alerts of prices: one message each time that a price drops so far, whoever does what at once."""

from __future__ import annotations

import signal
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event
from typing import Any

import httpx
import pytest

from storefront_api.alerts.service import MAX_ALERTS
from storefront_api.events import Topic
from storefront_api.events.alerts import AlertTriggeredV1
from tests.integration import plain
from tests.integration.storefront.conftest import Database, Worker, until
from tests.integration.storefront.goods import new_sku, product
from tests.integration.storefront.mailing import MailServer, Office, address, serving
from tests.integration.storefront.paying import Outbox

Shoppers = Callable[[], httpx.Client]


def watched(
    shopper: httpx.Client, sku: str, target_minor: int = 200, **changed: Any
) -> tuple[str, httpx.Response]:
    """Wait for a price; return the address that is to be told, and the answer."""
    recipient = f"r{uuid.uuid4().hex[:12]}@home.example"
    body = {"currency": "USD", "target_minor": target_minor, "recipient": recipient, **changed}
    return body["recipient"], shopper.put(f"/alerts/{sku}", json=body)


def priced(partner: httpx.Client, sku: str, minor: int, **changed: Any) -> None:
    """Give a product another list price."""
    body = {"products": [product(sku, list_price_minor=minor, **changed)]}
    assert partner.post("/catalog/imports", json=body).status_code == 200


def messages(database: Database, recipient: str) -> list[str]:
    """Return the causes of what somebody is told, oldest first."""
    query = "SELECT cause FROM notifications WHERE recipient = $1 ORDER BY notification_id"
    return [row["cause"] for row in database.rows(query, recipient)]


def drops(outbox: Outbox, sku: str) -> list[tuple[int, int]]:
    """Return price and number of each drop that was told of."""
    return [
        (event.data.list_price_minor, event.data.times)
        for event in outbox(Topic.PRICING, sku)
        if isinstance(event, AlertTriggeredV1)
    ]


def test_each_drop_is_told_once_and_only_after_a_rise_again(
    partner: httpx.Client, shopper: httpx.Client, database: Database, outbox: Outbox
) -> None:
    sku = new_sku(partner, list_price_minor=250)
    reader, answer = watched(shopper, sku)
    assert answer.json()["reached"] is False
    told = []
    for price in (201, 200, 150, 199, 250, 200, 300, 100):
        priced(partner, sku, price)
        told.append(len(messages(database, reader)))
    assert told == [0, 1, 1, 1, 1, 2, 2, 3]
    assert drops(outbox, sku) == [(200, 1), (200, 2), (100, 3)]
    (alert,) = shopper.get("/alerts").json()["alerts"]
    assert (alert["times"], alert["reached"], alert["list_price_minor"]) == (3, True, 100)
    assert reader not in "".join(e.model_dump_json() for e in outbox(Topic.PRICING, sku))


def test_what_else_changes_about_a_product_is_told_to_nobody(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    sku = new_sku(partner, list_price_minor=250)
    reader, _ = watched(shopper, sku)
    priced(partner, sku, 250, name="Other oats")
    priced(partner, sku, 100, currency="EUR")
    assert messages(database, reader) == []
    priced(partner, sku, 100)
    assert len(messages(database, reader)) == 1


def test_what_costs_that_little_already_waits_for_the_next_drop(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    sku = new_sku(partner, list_price_minor=250)
    reader, answer = watched(shopper, sku, target_minor=250)
    assert answer.json()["reached"] is True
    priced(partner, sku, 240)
    assert messages(database, reader) == []
    for price in (251, 250):
        priced(partner, sku, price)
    assert len(messages(database, reader)) == 1


def test_twenty_clicks_are_one_alert(
    partner: httpx.Client, shopper: httpx.Client, database: Database, outbox: Outbox
) -> None:
    sku = new_sku(partner, list_price_minor=250)
    reader = f"r{uuid.uuid4().hex[:12]}@home.example"
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: watched(shopper, sku, recipient=reader)[1], range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert [event.type for event in outbox(Topic.PRICING, sku)] == ["alert_set"]
    priced(partner, sku, 200)
    assert len(messages(database, reader)) == 1


def test_another_target_and_an_end_of_waiting(
    partner: httpx.Client, new_shopper: Shoppers, database: Database, outbox: Outbox
) -> None:
    sku, shopper = new_sku(partner, list_price_minor=250), new_shopper()
    reader, _ = watched(shopper, sku, target_minor=200)
    watched(shopper, sku, target_minor=100, recipient=reader)
    priced(partner, sku, 150)
    assert messages(database, reader) == []
    assert new_shopper().delete(f"/alerts/{sku}").status_code == 204
    assert len(shopper.get("/alerts").json()["alerts"]) == 1
    assert [shopper.delete(f"/alerts/{sku}").status_code for _ in range(2)] == [204, 204]
    priced(partner, sku, 50)
    assert messages(database, reader) == []
    types = [event.type for event in outbox(Topic.PRICING, sku)]
    assert types == ["alert_set", "alert_set", "alert_removed"]


def test_many_imports_and_alerts_at_once_tell_each_drop_once(
    partner: httpx.Client, new_shopper: Shoppers, database: Database, outbox: Outbox
) -> None:
    sku = new_sku(partner, list_price_minor=300)
    people = [new_shopper() for _ in range(6)]
    readers: list[str] = []

    def wait(person: httpx.Client) -> None:
        reader, answer = watched(person, sku)
        assert answer.status_code == 200
        readers.append(reader)

    prices = [150, 300] * 10
    with ThreadPoolExecutor(12) as threads:
        done = [threads.submit(priced, partner, sku, price) for price in prices]
        done += [threads.submit(wait, person) for person in people]
        for each in done:
            each.result()
    priced(partner, sku, 300)
    priced(partner, sku, 150)
    alerts = database.rows("SELECT * FROM price_alerts WHERE sku = $1", sku)
    assert len(alerts) == 6
    assert all(alert["reached"] for alert in alerts)
    told = Counter({alert["recipient"]: alert["times"] for alert in alerts})
    assert min(told.values()) >= 1
    assert Counter({reader: len(messages(database, reader)) for reader in readers}) == told
    assert len(drops(outbox, sku)) == sum(told.values())


def test_an_import_that_fails_tells_nobody(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    sku = new_sku(partner, list_price_minor=250)
    reader, _ = watched(shopper, sku)
    twice = [product(sku, list_price_minor=100), product(sku, list_price_minor=100)]
    assert partner.post("/catalog/imports", json={"products": twice}).status_code == 422
    broken = [product(sku, list_price_minor=100), product("T-nul", name="a\x00b")]
    assert partner.post("/catalog/imports", json={"products": broken}).status_code == 422
    assert messages(database, reader) == []


def test_a_store_that_is_killed_in_the_middle_tells_each_drop_that_happened_once(
    start_store: Callable[..., tuple[str, Worker]],
    partner: httpx.Client,
    shopper: httpx.Client,
    database: Database,
    outbox: Outbox,
) -> None:
    sku = new_sku(partner, list_price_minor=300)
    reader, _ = watched(shopper, sku)
    url, store = start_store()
    stop = Event()

    def turn() -> None:
        client = plain.Client(base_url=url, headers=partner.headers, timeout=60)
        with client, suppress(httpx.TransportError):
            while not stop.is_set():
                priced(client, sku, 150)
                priced(client, sku, 300)

    with ThreadPoolExecutor(2) as threads:
        turning = [threads.submit(turn) for _ in range(2)]
        until(lambda: len(messages(database, reader)) > 5, "it is in the middle")
        store.end(signal.SIGKILL)
        stop.set()
        for each in turning:
            each.result()
    times = database.value("SELECT times FROM price_alerts WHERE sku = $1", sku)
    assert len(messages(database, reader)) == len(drops(outbox, sku)) == times


def test_the_message_says_what_it_costs(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    server = MailServer()
    controller = serving(server)
    controller.start()
    try:
        sku = new_sku(partner, list_price_minor=250)
        reader, _ = watched(shopper, sku)
        priced(partner, sku, 199)
        assert "sent" in Office(database.url, address(controller)).send()
        (mail,) = server.mailbox(reader)
    finally:
        controller.stop()
    assert mail["Subject"] == f"Oats {sku} now costs $1.99"
    body = mail.get_body(("plain",))
    assert body is not None
    assert "at $2.00 or less" in body.get_content()
    assert f"/products/product-{sku}" in body.get_content()
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"recipient": "nobody"}, 422, "body.recipient"),
        ({"currency": "EUR"}, 422, "body.currency"),
        ({"target_minor": -1}, 422, "body.target_minor"),
    ],
)
def test_a_wrong_alert_is_refused(
    changed: dict[str, Any], status: int, field: str, partner: httpx.Client, shopper: httpx.Client
) -> None:
    _, refused = watched(shopper, new_sku(partner), **changed)
    assert (refused.status_code, refused.json()["field"]) == (status, field)


def test_nobody_waits_for_what_is_not_there_or_for_too_much(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    assert watched(shopper, "T-none")[1].status_code == 404
    assert watched(partner, "T-none")[1].status_code == 403
    skus = [f"T{uuid.uuid4().hex[:12]}" for _ in range(MAX_ALERTS + 1)]
    goods = {"products": [product(sku) for sku in skus]}
    assert partner.post("/catalog/imports", json=goods).json()["created"] == MAX_ALERTS + 1
    watched(shopper, skus[0])
    database.rows(
        "INSERT INTO price_alerts SELECT gen_random_uuid(), owner, more, currency, target_minor, "
        "recipient, false, 0, set_at FROM price_alerts, unnest($1::text[]) AS more WHERE sku = $2",
        skus[1:MAX_ALERTS],
        skus[0],
    )
    refused = watched(shopper, skus[-1])[1]
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_alerts")
    assert watched(shopper, skus[0], target_minor=1)[1].status_code == 200
