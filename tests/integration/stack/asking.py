"""A store's clients that do not mind when it is killed."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import aiohttp

PATIENCE = 600
"""How often a request is sent before the test gives up."""
PAUSE_S = 0.05


def product(sku: str) -> dict[str, Any]:
    """Return a product as `POST /catalog/imports` takes it, of which there is always enough."""
    return {
        "sku": sku,
        "product_id": sku,
        "name": f"Kept {sku}",
        "vendor_id": "v-1",
        "brand": "",
        "department": "D",
        "category": "",
        "product_type": "",
        "package_size": "",
        "mass_grams": None,
        "unit": "each",
        "currency": "USD",
        "list_price_minor": 199 + len(sku),
        "opening_stock": 1_000_000,
    }


class Client:
    """A client that asks again, with the same key, until it is answered."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self._base = base

    async def ask(self, method: str, path: str, token: str = "", **sent: Any) -> Any:
        """Return the JSON of the first answer that is one."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        for _ in range(PATIENCE):
            try:
                async with self._session.request(
                    method, self._base + path, headers=headers, **sent
                ) as response:
                    answer = await response.json()
                    if response.status < 500 and answer.get("code") != "key_in_flight":
                        assert response.status < 400, (method, path, response.status, answer)
                        return answer
            except aiohttp.ClientError:
                # It was killed under the request: whether it was done, the next one tells.
                pass
            await asyncio.sleep(PAUSE_S)
        raise AssertionError(f"{method} {path} is never answered")
