"""Seeded orders and views for the stream, and a plain account of what they must come to."""

from __future__ import annotations

import json
import random
import uuid
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from confluent_kafka import Producer

from storefront_api.events import Topic

START = datetime(2017, 12, 20, 8, tzinfo=UTC)
START_MS = int(START.timestamp()) * 1000
DAY_MS = 86_400_000

Sent = tuple[Topic, dict[str, Any]]


def order(
    at_ms: int,
    *,
    subject: str,
    card: str = "",
    device: str = "",
    amount: int = 100,
    sku: str = "X1",
) -> Sent:
    """Return one order_completed event."""
    data = {
        "order_id": str(uuid.uuid4()),
        "store_id": "S1",
        "channel": "web",
        "source_ref": "",
        "session_id": "ses",
        "device_id": device,
        "ip_country": "US",
        "destination": "US",
        "currency": "USD",
        "lines": [
            {
                "line_number": 1,
                "sku": sku,
                "quantity": 1,
                "unit": "each",
                "list_minor": amount,
                "discount_minor": 0,
                "total_minor": amount,
                "tax_rate_bp": 0,
                "tax_minor": 0,
            }
        ],
        "total_minor": amount,
        "tax_minor": 0,
        "payment": {"method": "card", "fingerprint": card, "country": "US"},
        "delivery": {"mode": "van", "packaging": "none", "distance_km": 1.0, "area": "1"},
        "risk": "unscored",
        "risk_decision_id": "",
    }
    return Topic.ORDERS, _event("order_completed", at_ms, subject, data, 3)


def view(at_ms: int, *, subject: str, sku: str) -> Sent:
    """Return one product_viewed event."""
    data = {"session_id": "ses", "anonymous_id": "a", "sku": sku}
    return Topic.CLICKSTREAM, _event("product_viewed", at_ms, subject, data)


def _event(
    type_: str, at_ms: int, subject: str, data: dict[str, Any], version: int = 1
) -> dict[str, Any]:
    at = START + timedelta(milliseconds=at_ms - START_MS)
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
    head = {"id": str(uuid.uuid4()), "type": type_, "version": version, "trace_id": ""}
    return head | {"occurred_at": stamp, "received_at": stamp, "subject": subject, "data": data}


def history(run: str, count: int, seed: int) -> list[Sent]:
    """Return a day of orders and views of a few shoppers, in no order of time."""
    source = random.Random(seed)
    sent = []
    for _ in range(count):
        at_ms = START_MS + source.randrange(DAY_MS)
        subject = f"{run}-s{source.randrange(20)}"
        if source.random() < 0.3:
            card, device = f"{run}-c{source.randrange(10)}", f"{run}-d{source.randrange(10)}"
            amount, sku = source.randrange(1, 9999), f"P{source.randrange(90)}"
            sent.append(
                order(at_ms, subject=subject, card=card, device=device, amount=amount, sku=sku)
            )
        else:
            sent.append(view(at_ms, subject=subject, sku=f"P{source.randrange(90)}"))
    return sent


def account(sent: list[Sent]) -> dict[str, dict[str, float]]:
    """Return the sorted sets that these events, all within one day, must come to."""
    sets: dict[str, dict[str, float]] = defaultdict(dict)
    for _, event in sent:
        at_ms = round(datetime.fromisoformat(event["occurred_at"]).timestamp() * 1000)
        data, subject = event["data"], event["subject"]
        recent = sets[f"recent:{subject}"]
        for line in data.get("lines", [data]):
            recent[line["sku"]] = max(at_ms, recent.get(line["sku"], 0.0))
        if event["type"] != "order_completed":
            continue
        member = f"{data['order_id']}:{data['total_minor']}"
        card, device = data["payment"]["fingerprint"], data["device_id"]
        for kind, name in (("card", card), ("device", device), ("shopper", subject)):
            if name:
                sets[f"velocity:{kind}:{name}"][member] = at_ms
            if name and kind != "shopper":
                known = sets[f"known:{subject}"]
                known[f"{kind}:{name}"] = min(at_ms, known.get(f"{kind}:{name}", at_ms))
    for key, scores in sets.items():
        if key.startswith("recent:"):
            newest = sorted(scores.items(), key=lambda item: (item[1], item[0]))[-50:]
            sets[key] = dict(newest)
    return dict(sets)


def produce(bootstrap: str, sent: list[Sent]) -> None:
    """Publish events, keyed as their producers key them, and wait until Kafka has them."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5})
    for topic, event in sent:
        key = event["data"].get("order_id") or event["subject"]
        producer.produce(topic, key=key, value=json.dumps(event))
    left = producer.flush(30)
    assert left == 0, f"{left} events did not reach Kafka"
