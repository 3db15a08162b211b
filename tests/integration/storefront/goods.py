"""Products and orders as the tests send them."""

from __future__ import annotations

import uuid
from typing import Any

import httpx


def product(sku: str, **changed: Any) -> dict[str, Any]:
    """Return a product as `POST /catalog/imports` takes it."""
    return {
        "sku": sku,
        "product_id": f"product-{sku}",
        "name": f"Oats {sku}",
        "vendor_id": "v-1",
        "brand": "Field",
        "department": "GROCERY",
        "category": "CEREALS",
        "product_type": "OATS",
        "package_size": "1 KG",
        "mass_grams": 1000,
        "unit": "each",
        "currency": "USD",
        "list_price_minor": 250,
        "opening_stock": 100,
        **changed,
    }


def new_sku(partner: httpx.Client, **changed: Any) -> str:
    """Bring a new product into the catalogue and return its sku."""
    sku = f"T{uuid.uuid4().hex[:12]}"
    answer = partner.post("/catalog/imports", json={"products": [product(sku, **changed)]})
    assert answer.json() == {"created": 1, "updated": 0, "unchanged": 0}
    return sku


def order(*lines: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """Return an order as `POST /orders` takes it."""
    return {
        "store_id": "S1",
        "channel": "web",
        "currency": "USD",
        "session_id": "ses-1",
        "device_id": "d-1",
        "lines": list(lines),
        "payment": {"method": "card", "fingerprint": "c-1", "country": "US"},
        "delivery": {
            "mode": "van",
            "packaging": "paper_bag",
            "distance_km": 5.0,
            "area": "452",
        },
        **changed,
    }


def line(sku: str, quantity: int = 1, **money: int) -> dict[str, Any]:
    """Return a line of an order."""
    return {"sku": sku, "quantity": quantity, **money}


def key() -> dict[str, str]:
    """Return a new idempotency key as headers."""
    return {"Idempotency-Key": uuid.uuid4().hex}
