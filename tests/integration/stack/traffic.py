"""Clicks and orders without end, and what of them the store has acknowledged."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp

from storefront_api.platform.outbox import new_id
from tests.integration.stack.asking import Client, product

PRODUCTS = 20
CLICKERS, BUYERS = 3, 2
BATCH = 20
SUBJECTS = 50
PAUSE_S = 0.05


class Traffic:
    """Pages that click and tills that sell, until they are told to stop.

    Whoever gets no answer sends the same again, as the tracker and a till do: so in the end
    everything that was sent is acknowledged.

    Parameters
    ----------
    environment
        Where the store is.
    seed
        Of what is clicked and sold.
    """

    def __init__(self, environment: Mapping[str, str], seed: int) -> None:
        self.clicked: set[str] = set()
        self.sold: dict[str, tuple[str, int]] = {}
        """Subject and total of each order."""
        self._environment = environment
        self._source = random.Random(seed)
        self._token = environment["PARTNER_TOKEN"]

    async def run(self, over: asyncio.Event) -> None:
        """Send until it is over, and end what is under way."""
        async with aiohttp.ClientSession() as session:
            store = Client(session, self._environment["STOREFRONT_URL"])
            products = [product(f"T{number}") for number in range(PRODUCTS)]
            await store.ask("POST", "/catalog/imports", self._token, json={"products": products})
            async with asyncio.TaskGroup() as group:
                for _ in range(CLICKERS):
                    group.create_task(self._click(store, over))
                for _ in range(BUYERS):
                    group.create_task(self._buy(store, over))

    def _subject(self) -> str:
        return f"s-{self._source.randrange(SUBJECTS):010d}"

    def _clicks(self) -> list[dict[str, Any]]:
        subject = self._subject()
        return [
            {
                "id": str(new_id()),
                "type": "product_viewed",
                "occurred_at": datetime.now(UTC).isoformat(),
                "subject": subject,
                "data": {
                    "session_id": f"ses-{subject}",
                    "anonymous_id": subject,
                    "sku": f"T{self._source.randrange(PRODUCTS)}",
                },
            }
            for _ in range(BATCH)
        ]

    async def _click(self, store: Client, over: asyncio.Event) -> None:
        while not over.is_set():
            events = self._clicks()
            answer = await store.ask("POST", "/collect", self._token, json={"events": events})
            assert answer == {"accepted": BATCH, "refused": []}, answer
            self.clicked |= {event["id"] for event in events}
            await asyncio.sleep(PAUSE_S)

    async def _buy(self, store: Client, over: asyncio.Event) -> None:
        while not over.is_set():
            subject = self._subject()
            wanted = Counter(f"T{self._source.randrange(PRODUCTS)}" for _ in range(2))
            body = {
                "store_id": "S1",
                "channel": "web",
                "currency": "USD",
                "subject": subject,
                "session_id": f"ses-{subject}",
                "device_id": f"d-{subject}",
                "lines": [{"sku": sku, "quantity": pieces} for sku, pieces in wanted.items()],
                "payment": {"method": "card", "fingerprint": f"c-{subject}", "country": "US"},
                "delivery": {
                    "mode": "van",
                    "packaging": "paper_bag",
                    "distance_km": 5.0,
                    "area": "452",
                },
            }
            order = await store.ask("POST", "/orders", self._token, json=body)
            self.sold[order["order_id"]] = (subject, order["total_minor"])
            await asyncio.sleep(PAUSE_S)
