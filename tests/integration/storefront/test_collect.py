"""Clicks: good ones arrive, bad ones are named, nothing is acknowledged that Kafka lacks."""

from __future__ import annotations

import json
import signal
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import psutil
import pytest
import uuid_utils

from deploy.local.stack import Stack
from storefront_api.events import Event, Topic
from tests.integration.storefront.conftest import DEADLINE_S, until


def click(**changed: Any) -> dict[str, Any]:
    data = {"session_id": "ses-1", "anonymous_id": "a-1", "sku": "CJ1", **changed.pop("data", {})}
    return {
        "id": str(uuid_utils.uuid7()),
        "type": "product_viewed",
        "occurred_at": "2017-12-20T10:00:00.123Z",
        "data": data,
        **changed,
    }


def test_the_good_events_of_a_batch_arrive_and_the_bad_ones_are_named(
    shopper: httpx.Client, read_events: Callable[..., list[Event]]
) -> None:
    good = [click(), click(type="product_added", data={"quantity": 2})]
    bad = {
        "id": click(id="x"),
        "type": click(type="order_completed"),
        "data.sku": click(data={"sku": "no sku"}),
        "data.quantity": click(type="product_added"),
        "occurred_at": click(occurred_at="0001-01-01T00:00:00+14:00"),
        "subject": click(subject="s-1"),
        "data": {k: v for k, v in click().items() if k != "data"},
        "received_at": click(received_at="2017-12-20T10:00:00Z"),
        "data.session_id": click(data={"session_id": "\ud800"}),
    }
    trace = uuid.uuid4().hex
    answer = shopper.post(
        "/collect",
        content=json.dumps({"events": [good[0], *bad.values(), good[1]]}),
        headers={"traceparent": f"00-{trace}-{'1' * 16}-01", "Content-Type": "application/json"},
    )
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    refused = {(r["index"], r["field"]) for r in answer.json()["refused"]}
    assert refused == set(enumerate(bad, start=1))
    wanted = {event["id"] for event in good}
    arrived = [e for e in read_events(Topic.CLICKSTREAM) if str(e.id) in wanted]
    assert {str(event.id) for event in arrived} == wanted
    assert {event.trace_id for event in arrived} == {trace}
    assert {event.subject[:2] for event in arrived} == {"p-"}


def test_an_id_that_is_no_uuidv7_is_refused(shopper: httpx.Client) -> None:
    answer = shopper.post("/collect", json={"events": [click(id=str(uuid.uuid4()))]})
    assert [refused["field"] for refused in answer.json()["refused"]] == ["id"]


def test_a_partner_states_whose_clicks_they_are(
    partner: httpx.Client, read_events: Callable[..., list[Event]]
) -> None:
    event = click(subject="s-42")
    assert partner.post("/collect", json={"events": [event]}).json()["accepted"] == 1
    (arrived,) = (e for e in read_events(Topic.CLICKSTREAM) if str(e.id) == event["id"])
    assert arrived.subject == "s-42"


def test_a_batch_has_bounds(shopper: httpx.Client) -> None:
    too_many = shopper.post("/collect", json={"events": [click()] * 501})
    assert (too_many.status_code, too_many.json()["field"]) == (422, "body.events")
    too_large = shopper.post("/collect", content=b" " * (2**20 + 1))
    assert (too_large.status_code, too_large.json()["code"]) == (413, "too_large")


@pytest.mark.timeout(200)
def test_while_kafka_is_silent_a_batch_is_refused_and_may_come_again(
    shopper: httpx.Client, own_stack: Stack, store_url: str
) -> None:
    (pid,) = (row.pid for row in own_stack.status() if row.name == "kafka")
    assert pid is not None
    broker = psutil.Process(pid)
    batch = {"events": [click()]}
    broker.send_signal(signal.SIGSTOP)
    try:
        answer = shopper.post("/collect", json=batch)
        ready = httpx.get(f"{store_url}/readyz", timeout=30)
    finally:
        broker.send_signal(signal.SIGCONT)
    assert (answer.status_code, answer.json()["code"]) == (503, "away")
    assert int(answer.headers["Retry-After"]) > 0
    assert ready.status_code == 503
    until(
        lambda: shopper.post("/collect", json=batch).status_code == 202, "it is taken", DEADLINE_S
    )
