"""Orders and clicks as they come in, made from a seed."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from storefront_api.events import Topic

ORDER_SHARE = 0.05
MEAN_LINES = 9.4
"""Lines of a basket in the demo's data."""
START = datetime(2017, 12, 1, tzinfo=UTC)
DAYS = 14
_CLICKS = ("product_viewed", "product_clicked", "product_added")


def events(source: random.Random, number: int) -> Iterator[tuple[Topic, bytes, str]]:
    """Return topic, payload and key of so many valid events."""
    encode = msgspec.json.Encoder().encode
    for _ in range(number):
        is_order = source.random() < ORDER_SHARE
        subject = f"s{source.randrange(2500):06x}"
        at = START + timedelta(milliseconds=source.randrange(DAYS * 86_400_000))
        stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event: dict[str, Any] = {
            "id": str(uuid.UUID(int=source.getrandbits(128), version=4)),
            "type": "order_completed" if is_order else source.choice(_CLICKS),
            "version": 3 if is_order else 1,
            "occurred_at": stamp,
            "received_at": stamp,
            "subject": subject,
            "trace_id": f"{source.getrandbits(128):032x}",
        }
        event["data"] = _order(source) if is_order else _click(source, str(event["type"]))
        yield Topic.ORDERS if is_order else Topic.CLICKSTREAM, encode(event), subject


def _order(source: random.Random) -> dict[str, Any]:
    lines = []
    for number in range(1, 1 + min(160, 1 + int(source.expovariate(1 / (MEAN_LINES - 1))))):
        list_minor = source.randrange(50, 1500)
        discount = source.choice((0, 0, 0, list_minor // 10))
        lines.append(
            {
                "line_number": number,
                "sku": f"CJ{source.randrange(25_000, 18_000_000)}",
                "quantity": source.choice((1, 1, 1, 2, 3)),
                "unit": "each",
                "list_minor": list_minor,
                "discount_minor": discount,
                "total_minor": list_minor - discount,
                "tax_rate_bp": 0,
                "tax_minor": 0,
            }
        )
    return {
        "order_id": str(uuid.UUID(int=source.getrandbits(128), version=4)),
        "store_id": f"S{source.randrange(300, 800)}",
        "channel": "till",
        "source_ref": f"CJ{source.randrange(10**10, 4 * 10**10)}",
        "session_id": f"ses-{source.getrandbits(48):x}",
        "device_id": f"d-{source.getrandbits(64):x}",
        "ip_country": "US",
        "destination": "US",
        "currency": "USD",
        "lines": lines,
        "total_minor": sum(line["total_minor"] for line in lines),
        "tax_minor": 0,
        "payment": {"method": "card", "fingerprint": f"c-{_digits(source)}", "country": "US"},
        "delivery": {
            "mode": "van",
            "packaging": "paper_bag",
            "distance_km": round(source.uniform(0.5, 20), 1),
            "area": str(source.randrange(100, 999)),
        },
        "risk": "unscored",
        "risk_decision_id": "",
    }


def _digits(source: random.Random) -> str:
    """Return a fingerprint's digits."""
    return f"{source.getrandbits(64):016x}"


def _click(source: random.Random, type_: str) -> dict[str, Any]:
    click: dict[str, Any] = {
        "session_id": f"ses-{source.getrandbits(48):x}",
        "anonymous_id": f"a-{_digits(source)}",
        "device_id": f"d-{_digits(source)}",
        "derived": False,
        "sku": f"CJ{source.randrange(25_000, 18_000_000)}",
        "currency": "USD",
        "price_minor": source.randrange(50, 1500),
        "position": source.randrange(1, 40),
        "slate_id": "",
    }
    if type_ == "product_added":
        click["quantity"] = 1
    return click
