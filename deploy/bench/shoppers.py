"""Ten thousand open connections of shoppers who think for five seconds between requests.

A storefront of its own with 100,000 products. Shoppers look at products, search, put something
into the cart and tell what they saw. The peer is a bare ASGI application on the same server
software, which answers everything with one constant, under the same connections and rate.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode, urlsplit

import uuid_utils
import uvloop

from deploy.bench import checkout
from deploy.bench._crowd import Heard, crowd
from deploy.bench._flow import LINE, Flow
from deploy.bench._load import Latencies, request
from deploy.bench._private_stack import private_stack
from deploy.bench._started import wait_for
from deploy.bench.result import Aim, BenchResult
from deploy.local.ports import free_port
from deploy.local.services import KEEP_ALIVE

CONNECTIONS = 10_000
THINK_S = 5.0
DURATION_S = 300.0
PEER_S = 60.0
MIX: Mapping[str, float] = {
    "product": 0.60,
    "search": 0.15,
    "collect": 0.15,
    "cart": 0.08,
    "products": 0.02,
}
"""Shares of the routes in what shoppers ask."""
READS = ("product", "search", "products")
READ_AIM_MS, WRITE_AIM_MS = 50.0, 200.0
TOKENS = 2_000
"""Guests; shoppers share them, which makes no difference to the store."""


def run(seed: int) -> BenchResult:
    """Measure the storefront, then the bare application.

    Raises
    ------
    LoadError
        If a connection cannot be opened.
    """
    with private_stack(["storefront"]) as environment:
        checkout.fill(environment["STOREFRONT_URL"], environment["PARTNER_TOKEN"])
        port = urlsplit(environment["STOREFRONT_URL"]).port or 80
        tokens = asyncio.run(Flow(port, 0).guests(TOKENS, 16))
        questions = _Questions(seed, tokens, checkout.cursors_of(environment["STOREFRONT_URL"]))
        heard, share = uvloop.run(crowd(port, CONNECTIONS, THINK_S, DURATION_S, questions.ask))
    bare, _ = _bare(questions)
    return _result(seed, heard, share, bare)


class _Questions:
    """What shoppers ask."""

    def __init__(self, seed: int, tokens: list[str], cursors: Sequence[str]) -> None:
        self._source = random.Random(seed)
        self._tokens = tokens
        self._cursors = cursors
        self._routes, self._shares = list(MIX), list(MIX.values())

    def ask(self, shopper: int) -> tuple[str, bytes]:
        """Return a shopper's next request and its route."""
        (route,) = self._source.choices(self._routes, self._shares)
        number = self._source.randrange(checkout.PRODUCTS)
        headers = {"Authorization": f"Bearer {self._tokens[shopper % len(self._tokens)]}"}
        if route == "product":
            return route, request("GET", f"/products/P{number:06d}")
        if route == "products":
            return route, request(
                "GET", f"/products?limit=20&after={self._source.choice(self._cursors)}"
            )
        if route == "search":
            return route, request("GET", f"/search?{urlencode({'q': f'product {number}'})}")
        if route == "cart":
            return route, request("PUT", f"/cart/lines/B{number:06d}", LINE, headers)
        return route, request("POST", "/collect", _click(number, shopper), headers)


def _click(number: int, shopper: int) -> bytes:
    now = time.time()
    event = {
        "id": str(uuid_utils.uuid7()),
        "type": "product_viewed",
        "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + "Z",
        "data": {
            "session_id": f"ses-{shopper}",
            "anonymous_id": f"a-{shopper}",
            "device_id": f"d-{shopper}",
            "derived": False,
            "sku": f"B{number:06d}",
            "price_minor": 250,
        },
    }
    return json.dumps({"events": [event]}).encode()


def _bare(questions: _Questions) -> tuple[Heard, float]:
    port = free_port()
    server = [sys.executable, "-m", "uvicorn", "deploy.bench._bare_app:app", *KEEP_ALIVE]
    quiet = ["--no-access-log", "--log-level", "warning", "--port", str(port)]
    with subprocess.Popen([*server, *quiet]) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/", process)
            return uvloop.run(crowd(port, CONNECTIONS, THINK_S, PEER_S, questions.ask))
        finally:
            process.terminate()


def _result(seed: int, heard: Heard, share: float, bare: Heard) -> BenchResult:
    answered = [second for seconds in heard.seconds.values() for second in seconds]
    figures: dict[str, float] = {
        "connections": CONNECTIONS,
        "think_s": THINK_S,
        "duration_s": DURATION_S,
        "requests_per_s": round(len(answered) / DURATION_S, 1),
        "errors": sum(heard.refused.values()),
        "generator_cpu_share": round(share, 3),
    }
    figures |= {f"errors: {line}": count for line, count in sorted(heard.refused.items())}
    aims = [Aim("errors", figures["errors"], not heard.refused)]
    for route, seconds in sorted(heard.seconds.items()):
        told = Latencies.of(seconds, DURATION_S)
        for name in ("p50_ms", "p95_ms", "p99_ms"):
            figures[f"{route}_{name}"] = round(getattr(told, name), 1)
        limit = READ_AIM_MS if route in READS else WRITE_AIM_MS
        aims.append(
            Aim(f"{route} p95 under {limit:.0f} ms", round(told.p95_ms, 1), told.p95_ms < limit)
        )
    whole = Latencies.of(answered, DURATION_S)
    limit_ = Latencies.of([s for seconds in bare.seconds.values() for s in seconds], PEER_S)
    peer = {
        "requests_per_s": round(limit_.per_s, 1),
        "p50_ms": round(limit_.p50_ms, 1),
        "p95_ms": round(limit_.p95_ms, 1),
        "p99_ms": round(limit_.p99_ms, 1),
    }
    ratios = {"p95_to_bare_asgi": round(whole.p95_ms / limit_.p95_ms, 2)}
    return BenchResult("shoppers", seed, figures, {"bare_asgi": peer}, ratios, aims)
