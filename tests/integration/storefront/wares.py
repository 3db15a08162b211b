"""Products with options as the tests send them, and a storefront with a clock of the tests'."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import httpx

from storefront_api.app import create_app
from storefront_api.settings import Settings
from tests.integration import plain
from tests.integration.storefront.conftest import PARTNER
from tests.integration.storefront.goods import key

COLOURS, SIZES, SLEEVES = ("red", "green", "blue"), ("S", "M", "L", "XL"), ("short", "long")


def shirt(name: str = "Shirt", **changed: Any) -> dict[str, Any]:
    """Return a product of 3 × 4 × 2 options as `POST /catalog/products` takes it."""
    product_id = f"shirt-{uuid.uuid4().hex[:8]}"
    combinations = product(COLOURS, SIZES, SLEEVES)
    return {
        "product_id": product_id,
        "name": name,
        "description": "Of cotton.",
        "vendor_id": "v-1",
        "brand": "Field",
        "department": "CLOTHING",
        "category": "SHIRTS",
        "product_type": "SHIRT",
        "currency": "EUR",
        "options": [
            {"name": "colour", "values": list(COLOURS)},
            {"name": "size", "values": list(SIZES)},
            {"name": "sleeve", "values": list(SLEEVES)},
        ],
        "variants": [
            {
                "sku": f"{product_id}-{number}",
                "options": {"colour": colour, "size": size, "sleeve": sleeve},
                "list_price_minor": 1000 + number,
                "opening_stock": number,
            }
            for number, (colour, size, sleeve) in enumerate(combinations)
        ],
        **changed,
    }


def created(partner: httpx.Client, wanted: dict[str, Any]) -> dict[str, Any]:
    """Create a product and return the answer."""
    answer = partner.post("/catalog/products", json=wanted, headers=key())
    assert answer.status_code == 201, answer.text
    out: dict[str, Any] = answer.json()
    return out


class Calendar:
    """A clock that the tests move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the instant that it was moved to."""
        return self.now

    def passes(self, **spans: float) -> None:
        """Let some time go by."""
        self.now += timedelta(**spans)


@asynccontextmanager
async def store_of(environment: dict[str, str], calendar: Calendar) -> AsyncIterator[Any]:
    """Run a storefront in this process by a calendar, and yield a partner's client."""
    names = {name.upper() for name in Settings.model_fields}
    stated: dict[str, Any] = {
        name.lower(): value for name, value in environment.items() if name in names
    }
    app = create_app(Settings(_env_file=None, **stated), calendar)
    async with (
        app.router.lifespan_context(app),
        plain.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://store",
            headers={"Authorization": f"Bearer {PARTNER}"},
        ) as client,
    ):
        yield client
