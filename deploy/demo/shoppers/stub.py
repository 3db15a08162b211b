"""A store and a provider that answer at once, from memory: for tests, and to find the limit.

What is answered depends on the request and on what the same shopper did before, never on others;
`stock` and `slate` make it answer otherwise. It is no store: it checks nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from deploy.demo.shoppers.wire import Answer

PLENTY = 1_000
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass
class Stub:
    """An in-memory store with its provider.

    Parameters
    ----------
    products
        As `POST /catalog/imports` takes them.
    stock
        Pieces of each sku; `PLENTY` of those that are not named.
    delay
        Returns how many seconds an answer takes, for the n-th request.
    """

    products: list[dict[str, Any]]
    stock: dict[str, int] = field(default_factory=dict)
    delay: Callable[[int], float] | None = None
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)
    keep_asked: bool = True
    orders: dict[str, int] = field(default_factory=dict)
    clicks: list[dict[str, Any]] = field(default_factory=list)
    _carts: dict[str, dict[str, int]] = field(default_factory=dict)
    _checkouts: dict[str, dict[str, Any]] = field(default_factory=dict)
    _answers: dict[str, Answer] = field(default_factory=dict)
    _number: int = 0

    def __post_init__(self) -> None:
        """Index the products."""
        self._by_sku = {p["sku"]: p for p in self.products}
        self._by_id = {p["product_id"]: p for p in self.products}
        self._ordered = sorted(self.products, key=lambda p: p["product_id"])

    async def ask(
        self, method: str, path: str, body: bytes = b"", head: str = "", again: bool = True
    ) -> Answer:
        """Answer a request, as `Asks` does."""
        if self.keep_asked:
            self.asked.append((method, path, body))
        if self.delay is not None:
            await asyncio.sleep(self.delay(len(self.asked)))
        headers = dict(line.split(": ", 1) for line in head.split("\r\n") if line)
        return self.answer(method, path, body, headers)

    def answer(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Return the answer to a request; the same key is answered once."""
        self._number += 1
        key = headers.get("Idempotency-Key", "")
        if key and (given := self._answers.get(key)):
            return given
        split = urlsplit(path)
        parts = [unquote(part) for part in split.path.split("/")[1:]]
        query = {name: values[0] for name, values in parse_qs(split.query).items()}
        owner = headers.get("Authorization", "")
        status, told = self._route(method, parts, query, body, owner)
        answer = Answer(status, orjson.dumps(told))
        if key and answer.ok:
            self._answers[key] = answer
        return answer

    def _route(
        self, method: str, parts: list[str], query: dict[str, str], body: bytes, owner: str
    ) -> tuple[int, Any]:
        match parts:
            case ["sessions"]:
                token = f"token-{self._number}"
                return 201, {"token": token, "subject": f"p-{token}"}
            case ["recommendations"]:
                chosen = self._ordered[: int(query["k"])]
                return 200, {"items": chosen, "source": "popular", "slate_id": "slate-1"}
            case ["search"]:
                found = [p for p in self._ordered if query["q"].upper() in p["category"]]
                return 200, _page(found[: int(query["limit"])], len(found))
            case ["packaging-options"]:
                return 200, {"options": []}
            case ["products"]:
                return 200, self._list(query)
            case ["products", product_id]:
                known = self._by_id.get(product_id)
                return (200, self._shown(known)) if known else (404, {"code": "not_found"})
            case ["collect"]:
                events = orjson.loads(body)["events"]
                if self.keep_asked:
                    self.clicks += events
                return 202, {"accepted": len(events), "refused": []}
            case ["cart", *line]:
                return self._cart(method, line, body, owner)
            case ["checkouts", *rest]:
                return self._checkout(method, rest, body, owner)
            case ["v1", "payment_intents", _, "confirm"]:
                declined = b"_declined_" in body
                return (402, {}) if declined else (200, {"status": "requires_capture"})
            case _:
                return 201, {}

    def _shown(self, product: dict[str, Any]) -> dict[str, Any]:
        available = self.stock.get(product["sku"], PLENTY)
        return {**product, "variants": [{**product, "available": available}]}

    def _list(self, query: dict[str, str]) -> Any:
        after = query.get("after", "")
        found = [p for p in self._ordered if p["product_id"] > after]
        for name in ("department", "category"):
            if wanted := query.get(name):
                found = [p for p in found if p[name] == wanted]
        limit = int(query["limit"])
        more = found[limit - 1]["product_id"] if len(found) > limit else ""
        return {"products": [self._shown(p) for p in found[:limit]], "next_cursor": more}

    def _cart(self, method: str, line: list[str], body: bytes, owner: str) -> tuple[int, Any]:
        cart = self._carts.setdefault(owner, {})
        if method == "PUT":
            cart[line[1]] = orjson.loads(body)["quantity"]
        elif method == "DELETE":
            cart.pop(line[1], None)
        return 200, {"lines": list(cart), "total_minor": self._total(cart)}

    def _total(self, cart: dict[str, int]) -> int:
        return sum(self._by_sku[sku]["list_price_minor"] * n for sku, n in cart.items())

    def _checkout(self, method: str, rest: list[str], body: bytes, owner: str) -> tuple[int, Any]:
        cart = self._carts.setdefault(owner, {})
        if not rest:
            short = [sku for sku, n in cart.items() if self.stock.get(sku, PLENTY) < n]
            if short:
                details = [{"sku": sku} for sku in short]
                return 409, {"code": "out_of_stock", "details": details}
            checkout_id = f"checkout-{self._number}"
            lines = [
                {
                    "sku": sku,
                    "quantity": n,
                    "discount_minor": 0,
                    "total_minor": self._by_sku[sku]["list_price_minor"] * n,
                }
                for sku, n in cart.items()
            ]
            total = self._total(cart)
            self._checkouts[checkout_id] = {
                "checkout_id": checkout_id,
                "state": "open",
                "currency": "USD",
                "lines": lines,
                "discounts": [],
                "total_minor": total,
                "due_minor": total,
            }
            return 201, self._checkouts[checkout_id]
        checkout = self._checkouts[rest[0]]
        if rest[1:] == ["payment"]:
            if checkout["state"] != "open":
                return 409, {"code": "checkout_closed"}
            return 200, {"intent_id": "pi_1", "client_secret": "pi_1_secret"}
        if rest[1:] == ["complete"]:
            checkout["state"] = "completed"
            self.orders[rest[0]] = checkout["total_minor"]
            cart.clear()
        elif method == "DELETE":
            checkout["state"] = "cancelled"
        return 200, checkout


def _page(found: list[dict[str, Any]], total: int) -> Any:
    hits = [{**p, "price_from_minor": p["list_price_minor"]} for p in found]
    return {"products": hits, "total": total}


def asgi(stub: Stub) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Return a stub as an ASGI application, with nothing around it."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode().title(): value.decode() for name, value in scope["headers"]}
        query = scope["query_string"].decode()
        path = f"{scope['path']}?{query}" if query else scope["path"]
        answer = stub.answer(scope["method"], path, body, headers)
        length = str(len(answer.body)).encode()
        told = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": answer.status, "headers": told})
        await send({"type": "http.response.body", "body": answer.body})

    return application
