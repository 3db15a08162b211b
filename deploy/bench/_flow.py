"""A shopper's whole way to an order over HTTP: cart, checkout, payment with the provider, order."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

from deploy.bench._load import GRACE_S, Latencies, Pool, request

ROUTES = ("cart", "checkout", "payment", "complete")
"""Requests of one checkout, in their order; there is one `cart` for each line."""
OPENING = json.dumps(
    {
        "store_id": "S1",
        "delivery": {"mode": "van", "packaging": "paper_bag", "distance_km": 5.0, "area": "452"},
    }
).encode()
LINE = json.dumps({"quantity": 1, "saved": False}).encode()


class Flow:
    """Checkouts of guests, each with a cart of its own.

    Parameters
    ----------
    port, provider_port
        Of the storefront and of the payment provider, on this machine.
    """

    def __init__(self, port: int, provider_port: int) -> None:
        self._port = port
        self._provider_port = provider_port
        self._seconds: dict[str, list[float]] = defaultdict(list)

    async def guests(self, count: int, workers: int) -> list[str]:
        """Return tokens of new guests."""
        tokens: list[str] = []
        async with Pool(self._port) as store:

            async def worker(share: int) -> None:
                for _ in range(share):
                    answer = await store.ask(request("POST", "/sessions"))
                    tokens.append(json.loads(answer)["token"])

            await asyncio.gather(*(worker(count // workers + 1) for _ in range(workers)))
        return tokens[:count]

    async def fastest(
        self, guests: Sequence[str], carts: Sequence[Sequence[str]], workers: int
    ) -> float:
        """Return how many checkouts a second some shoppers get through, one after another."""
        waiting: Iterator[tuple[str, Sequence[str]]] = zip(guests, carts, strict=True)
        async with Pool(self._port) as store, Pool(self._provider_port) as provider:
            started = time.perf_counter()

            async def worker() -> None:
                for token, skus in waiting:
                    await self._buy(store, provider, token, skus, time.perf_counter())

            await asyncio.gather(*(worker() for _ in range(workers)))
            return len(carts) / (time.perf_counter() - started)

    async def at_rate(
        self, guests: Sequence[str], carts: Sequence[Sequence[str]], per_s: float
    ) -> dict[str, Latencies]:
        """Begin a checkout each 1/rate seconds; return the latencies of each route.

        A request's latency counts from when it is due: the first one's from the checkout's place
        in the schedule, the others' from the answer before.
        """
        self._seconds.clear()
        async with Pool(self._port) as store, Pool(self._provider_port) as provider:
            started = time.perf_counter()

            async def one(number: int, token: str, skus: Sequence[str]) -> None:
                due = started + number / per_s
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                await self._buy(store, provider, token, skus, due)

            async with asyncio.timeout(len(carts) / per_s + GRACE_S):
                pairs = enumerate(zip(guests, carts, strict=True))
                await asyncio.gather(*(one(number, *pair) for number, pair in pairs))
            elapsed = time.perf_counter() - started
        return {route: Latencies.of(seconds, elapsed) for route, seconds in self._seconds.items()}

    async def _buy(
        self, store: Pool, provider: Pool, token: str, skus: Sequence[str], due: float
    ) -> None:
        async def ask(route: str, method: str, path: str, body: bytes = b"") -> bytes:
            nonlocal due
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid.uuid4().hex}
            answer = await store.ask(request(method, path, body, headers))
            answered = time.perf_counter()
            self._seconds[route].append(answered - due)
            due = answered
            return answer

        for sku in skus:
            await ask("cart", "PUT", f"/cart/lines/{sku}", LINE)
        checkout = json.loads(await ask("checkout", "POST", "/checkouts", OPENING))["checkout_id"]
        payment = json.loads(await ask("payment", "POST", f"/checkouts/{checkout}/payment"))
        form = {"client_secret": payment["client_secret"], "payment_method": "pm_card_visa"}
        await provider.ask(
            request(
                "POST",
                f"/v1/payment_intents/{payment['intent_id']}/confirm",
                urlencode(form).encode(),
                {"Content-Type": "application/x-www-form-urlencoded"},
            )
        )
        due = time.perf_counter()
        await ask("complete", "POST", f"/checkouts/{checkout}/complete")
