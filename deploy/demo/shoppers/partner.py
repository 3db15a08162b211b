"""What the simulation does as the store's partner: goods, codes, refunds and chargebacks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson

from deploy.demo.shoppers.acting import rfc3339
from deploy.demo.shoppers.browser import RefusedError
from deploy.demo.shoppers.catalogue import Product, make_products
from deploy.demo.shoppers.journal import Followed
from deploy.demo.shoppers.parameters import Parameters
from deploy.demo.shoppers.sessions import DAY_MS
from deploy.demo.shoppers.streams import event_id
from deploy.demo.shoppers.wire import Answer, Asks
from deploy.demo.shoppers.world import Code, Packing
from deploy.demo.signature import sign

PAGE = 200
IMPORT = 1_000
RECEIPT = 1_000


class Partner:
    """A partner's requests.

    Parameters
    ----------
    store
        What answers them.
    token, webhook_secret
        The partner's credential, and the key of the dispute webhook.
    """

    def __init__(self, store: Asks, token: str, webhook_secret: str) -> None:
        self._store = store
        self._head = f"Authorization: Bearer {token}\r\n"
        self._secret = webhook_secret

    async def _post(self, path: str, body: Any, key: str = "") -> Answer:
        head = f"{self._head}Idempotency-Key: {key}\r\n" if key else self._head
        return await self._store.ask("POST", path, orjson.dumps(body), head)

    async def products(self, on_page: Callable[[int], None]) -> list[Product]:
        """Read the whole catalogue."""
        found: list[Product] = []
        after = ""
        while True:
            query = urlencode({"limit": PAGE, "after": after})
            answer = await self._store.ask("GET", f"/products?{query}")
            told = orjson.loads(_good(answer).body)
            for product in told["products"]:
                found += [_product(product, variant) for variant in product["variants"]]
            after = told["next_cursor"]
            on_page(len(found))
            if not after:
                return found

    async def packings(self, currency: str) -> dict[str, Packing]:
        """Read what goods can be packed in, and what a piece costs with its deposit."""
        path = f"/packaging-options?{urlencode({'currency': currency})}"
        told = orjson.loads(_good(await self._store.ask("GET", path)).body)
        return {
            option["packaging"]: Packing(
                option["price_minor"] + option["deposit_minor"], option["capacity_grams"]
            )
            for option in told["options"]
        }

    async def stock_up(self, seed: int, parameters: Parameters) -> None:
        """Import a catalogue into a store that has none."""
        products = make_products(seed, parameters)
        for first in range(0, len(products), IMPORT):
            chunk = {"products": products[first : first + IMPORT]}
            _good(await self._post("/catalog/imports", chunk))

    async def promote(self, code: Code) -> None:
        """Create a promotion code; one that is there already is as good."""
        body = {
            "code": code.code,
            "kind": "percent",
            "value": code.percent * 100,
            "currency": "USD",
            "starts_at": rfc3339(code.begins_ms),
            "ends_at": rfc3339(code.ends_ms),
            "max_uses_per_shopper": 1,
        }
        answer = await self._post("/promotions", body, f"simulation/{code.code}")
        if answer.status != 409:
            _good(answer)

    async def receive(self, reference: str, units: dict[str, int]) -> None:
        """Let goods arrive."""
        items = [{"sku": sku, "quantity": quantity} for sku, quantity in sorted(units.items())]
        for first in range(0, len(items), RECEIPT):
            receipt = {"reference": reference, "items": items[first : first + RECEIPT]}
            key = f"{reference}, from {first}"
            _good(await self._post("/inventory/receipts", receipt, key))

    async def follow(self, what: Followed, seed: int, clock_ms: Callable[[], int]) -> bool:
        """Refund or dispute an order, once; return whether the store took it."""
        if what.row["kind"] == "refund":
            body = {name: what.row[name] for name in ("amount_minor", "reason", "restock")}
            path = f"/orders/{what.row['order_id']}/refunds"
            return (await self._post(path, body, f"simulation/{what.name}")).ok
        report = {
            "dispute_id": str(UUID(event_id(what.at_ms, seed, "dispute", what.name))),
            "order_id": what.row["order_id"],
            "amount_minor": what.row["amount_minor"],
            "reason": what.row["reason"],
            "disputed_at": rfc3339(what.at_ms),
        }
        content = orjson.dumps(report)
        head = f"X-Signature: {sign(self._secret, content, _instant(clock_ms()))}\r\n"
        return (await self._store.ask("POST", "/webhooks/disputes", content, head)).ok


def _instant(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, UTC)


def _good(answer: Answer) -> Answer:
    if not answer.ok:
        raise RefusedError(f"{answer.status} {answer.body[:300].decode(errors='replace')}")
    return answer


def _product(product: dict[str, Any], variant: dict[str, Any]) -> Product:
    return Product(
        sku=variant["sku"],
        product_id=product["product_id"],
        name=product["name"],
        department=product["department"],
        category=product["category"],
        currency=variant["currency"],
        unit=variant["unit"],
        price_minor=int(variant["list_price_minor"]),
        mass_grams=int(variant["mass_grams"] or 0),
    )


def codes(seed: int, parameters: Parameters, begins_ms: int, days: int) -> list[Code]:
    """Return the promotion codes of a run."""
    found = []
    for promotion in parameters.promotions:
        for day in range(promotion.first_day, days, promotion.every_days):
            begins = begins_ms + day * DAY_MS
            found.append(
                Code(
                    code=f"S{seed}-{promotion.name}-{day}",
                    begins_ms=begins,
                    ends_ms=begins + promotion.days * DAY_MS,
                    percent=promotion.percent,
                    aware=promotion.aware,
                )
            )
    return sorted(found, key=lambda code: code.begins_ms)
