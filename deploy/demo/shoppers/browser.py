"""A shopper's program: what it asks of the store and of the payment provider, and how it is told.

It writes down what it asks, and when, into a digest: two visits are the same traffic when their
digests are equal. What the store made up (tokens, and ids of checkouts and payments) is not in it.
"""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from deploy.demo.shoppers.wire import Answer, Asks

AGENTS = {
    "mobile": "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130.0 Mobile",
    "desktop": "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "tablet": "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1 Version/17.6",
    "crawler": "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "library": "python-requests/2.32",
    "headless": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/130.0",
}
_FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


class RefusedError(RuntimeError):
    """The store refused what the simulation cannot do without; the message is the store's."""


class Browser:
    """One shopper's requests.

    Parameters
    ----------
    store, provider
        What answers them.
    agent
        The User-Agent header.
    """

    def __init__(self, store: Asks, provider: Asks, agent: str) -> None:
        self._store = store
        self._provider = provider
        self._agent = f"User-Agent: {agent}\r\n"
        self._head = self._agent
        self._digest = hashlib.blake2b(digest_size=16)
        self.at_ms = 0

    @property
    def traffic(self) -> str:
        """The digest of all that was asked so far."""
        return self._digest.hexdigest()

    def be(self, token: str) -> None:
        """Send a token with what follows."""
        self._head = f"{self._agent}Authorization: Bearer {token}\r\n"

    def _note(self, *asked: object) -> None:
        self._digest.update(orjson.dumps([self.at_ms, *asked]))

    async def _ask(
        self, method: str, path: str, body: bytes = b"", key: str = "", again: bool = True
    ) -> Answer:
        head = f"{self._head}Idempotency-Key: {key}\r\n" if key else self._head
        return await self._store.ask(method, path, body, head, again)

    async def open_session(self) -> tuple[str, str]:
        """Return a new token and the subject that it stands for."""
        self._note("session")
        told = _told(await self._ask("POST", "/sessions"))
        return told["token"], told["subject"]

    async def recommendations(self, k: int, context: str) -> Any:
        """Ask what is recommended beside a product, or to nobody in particular."""
        self._note("recommendations", k, context)
        beside = f"&context={context}" if context else ""
        return _told(await self._ask("GET", f"/recommendations?k={k}{beside}"))

    async def search(self, text: str, limit: int) -> Any:
        """Search."""
        self._note("search", text, limit)
        query = urlencode({"q": text, "limit": limit})
        return _told(await self._ask("GET", f"/search?{query}"))

    async def shelf(self, department: str, category: str, limit: int) -> Any:
        """List products of a department's category; an empty name stands for all."""
        self._note("shelf", department, category, limit)
        query = urlencode({"department": department, "category": category, "limit": limit})
        return _told(await self._ask("GET", f"/products?{query}"))

    async def product(self, product_id: str) -> Any:
        """Open a product's page; None if it is gone."""
        self._note("product", product_id)
        answer = await self._ask("GET", f"/products/{quote(product_id, safe='')}")
        return None if answer.status == 404 else _told(answer)

    async def put(self, sku: str, quantity: int) -> Any:
        """Put something into the cart; None if it is gone."""
        self._note("put", sku, quantity)
        body = orjson.dumps({"quantity": quantity})
        answer = await self._ask("PUT", f"/cart/lines/{sku}", body)
        return None if answer.status == 404 else _told(answer)

    async def take_out(self, sku: str) -> Any:
        """Take something out of the cart."""
        self._note("take out", sku)
        return _told(await self._ask("DELETE", f"/cart/lines/{sku}"))

    async def cart(self) -> Any:
        """Look at the cart."""
        self._note("cart")
        return _told(await self._ask("GET", "/cart"))

    async def collect(self, events: list[dict[str, Any]]) -> int:
        """Send clicks, once: what is lost on the way is lost; return how many were taken."""
        self._note("collect", events)
        answer = await self._ask("POST", "/collect", orjson.dumps({"events": events}), again=False)
        told = _told(answer)
        if told["refused"]:
            raise RefusedError(f"POST /collect: {told['refused'][0]}")
        return int(told["accepted"])

    async def open_checkout(self, body: bytes, key: str) -> Answer:
        """Open a checkout of the cart."""
        self._note("checkout", body.decode(), key)
        return await self._ask("POST", "/checkouts", body, key)

    async def checkout(self, checkout_id: str) -> Any:
        """Look at a checkout."""
        return _told(await self._ask("GET", f"/checkouts/{checkout_id}"))

    async def cancel(self, checkout_id: str) -> Answer:
        """Give a checkout up."""
        self._note("cancel")
        return await self._ask("DELETE", f"/checkouts/{checkout_id}")

    async def begin_payment(self, checkout_id: str) -> Answer:
        """Begin to pay."""
        self._note("payment")
        return await self._ask("POST", f"/checkouts/{checkout_id}/payment")

    async def confirm(self, payment: Any, method: str) -> str:
        """Pay with a card and return the payment's status; `declined` if it was."""
        self._note("confirm", method)
        form = urlencode({"client_secret": payment["client_secret"], "payment_method": method})
        path = f"/v1/payment_intents/{payment['intent_id']}/confirm"
        answer = await self._provider.ask("POST", path, form.encode(), _FORM)
        if answer.status == 402:
            return "declined"
        if b'"payment_intent_unexpected_state"' in answer.body:
            # It was paid already, by the same visit before it was cut off.
            return "requires_capture"
        return str(_told(answer)["status"])

    async def authenticate(self, payment: Any) -> None:
        """Tell the bank that it is the cardholder who pays."""
        self._note("authenticate")
        path = f"/3ds/{payment['intent_id']}"
        await self._provider.ask("POST", path, b"outcome=succeeded", _FORM)

    async def complete(self, checkout_id: str) -> Answer:
        """Say that it is paid."""
        self._note("complete")
        return await self._ask("POST", f"/checkouts/{checkout_id}/complete")


def _told(answer: Answer) -> Any:
    if not answer.ok:
        raise RefusedError(f"{answer.status} {answer.body[:300].decode(errors='replace')}")
    return orjson.loads(answer.body)


def code_of(answer: Answer) -> str:
    """Return the code of an error."""
    return str(orjson.loads(answer.body).get("code", ""))
