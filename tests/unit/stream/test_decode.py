"""The stream reads the few fields it needs, and names the field that it cannot read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import storefront_api.events as events
from pipelines.stream.decode import OrderSeen, ProductSeen, decode
from pipelines.stream.errors import PoisonEventError
from storefront_api.events.upcasting import UPCASTER

FOLDER = Path(events.__file__).parent / "examples"
READ = [events.Topic.ORDERS, events.Topic.CLICKSTREAM]
EXAMPLES = sorted(path for topic in READ for path in (FOLDER / topic).glob("*.json"))
ORDER = json.loads((FOLDER / "eco.orders.v1/order_completed.v1.json").read_text())
VIEW = json.loads((FOLDER / "eco.clickstream.v1/product_viewed.v1.json").read_text())
AT_MS = 1_514_102_400_123


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_published_example_is_read_or_knowingly_passed_over(path: Path) -> None:
    seen = decode(path.parent.name, path.read_bytes())
    kind = path.name.partition(".")[0]
    expected = {
        "order_completed": OrderSeen,
        "product_viewed": ProductSeen,
        "product_added": ProductSeen,
    }
    assert type(seen) is expected.get(kind, type(None))


def test_an_order_keeps_its_instant_amount_and_identifiers() -> None:
    seen = decode(events.Topic.ORDERS, json.dumps(ORDER).encode())
    assert seen == OrderSeen(
        at_ms=AT_MS,
        order_id="0160a2b4-5c00-7000-8000-0000000000a0",
        subject="s-4c1f0a",
        device_id="d-9",
        card="c-51ab",
        amount_minor=547,
        skus=("cj-26190", "cj-26355"),
    )


def test_a_view_keeps_its_instant_and_product() -> None:
    seen = decode(events.Topic.CLICKSTREAM, json.dumps(VIEW).encode())
    assert seen == ProductSeen(AT_MS, "s-4c1f0a", "cj-26190")


def test_a_click_of_nobody_means_nothing() -> None:
    assert decode(events.Topic.CLICKSTREAM, json.dumps(VIEW | {"subject": ""}).encode()) is None


@pytest.mark.parametrize(
    ("topic", "payload", "named"),
    [
        (events.Topic.CLICKSTREAM, b"{", "truncated"),
        (events.Topic.CLICKSTREAM, b"", "truncated"),
        (events.Topic.CLICKSTREAM, b"\xff\xfe", "malformed"),
        (events.Topic.CLICKSTREAM, VIEW | {"occurred_at": "yesterday"}, "occurred_at"),
        (events.Topic.CLICKSTREAM, VIEW | {"occurred_at": "2017-12-24T08:00:00"}, "occurred_at"),
        (events.Topic.CLICKSTREAM, VIEW | {"data": {"sku": 3}}, "sku"),
        (events.Topic.CLICKSTREAM, VIEW | {"data": {}}, "sku"),
        (events.Topic.CLICKSTREAM, VIEW | {"subject": None}, "subject"),
        (events.Topic.ORDERS, ORDER | {"data": {}}, "order_id"),
        (events.Topic.ORDERS, ORDER | {"data": ORDER["data"] | {"payment": {}}}, "fingerprint"),
        (events.Topic.ORDERS, ORDER | {"data": ORDER["data"] | {"total_minor": "x"}}, "total"),
        (events.Topic.ORDERS, ORDER | {"data": ORDER["data"] | {"lines": 3}}, "lines"),
        (
            events.Topic.ORDERS,
            ORDER | {"version": 3, "data": ORDER["data"] | {"lines": 3}},
            "lines",
        ),
    ],
)
def test_a_poison_message_is_refused_by_field(topic: str, payload: object, named: str) -> None:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    with pytest.raises(PoisonEventError, match=named):
        decode(topic, raw)


@pytest.mark.parametrize(("topic", "event"), [(READ[0], ORDER), (READ[1], VIEW)])
def test_a_version_to_come_is_poison_and_nothing_else_comes_of_it(
    topic: events.Topic, event: dict[str, Any]
) -> None:
    with pytest.raises(PoisonEventError, match="version: unknown version 99 of "):
        decode(topic, json.dumps(event | {"version": 99}).encode())


def test_an_order_of_the_first_version_means_what_the_newest_would() -> None:
    version, data = UPCASTER.newest(events.Topic.ORDERS, ORDER["type"], 1, ORDER["data"])
    newest = ORDER | {"version": version, "data": data}
    assert version > 2
    assert decode(READ[0], json.dumps(ORDER).encode()) == decode(
        READ[0], json.dumps(newest).encode()
    )
