"""Complete checkouts a second over HTTP, and how long each route takes at half of that.

A PostgreSQL, a broker, a payment provider and a storefront of its own with 100,000 products; the
model endpoint is away, so orders are unscored. In each round the routes and the peers take turns.
A checkout is all that a shopper does: the lines into the cart, the checkout, the payment begun and
made at the provider, the order; an order is a partner's, one request. The peers are the same order
written as bare SQL over asyncpg, and pgbench's TPC-B, on the same server.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import statistics
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import asyncpg
import httpx

from deploy.bench._bare_order import bare_orders
from deploy.bench._flow import ROUTES, Flow
from deploy.bench._load import Latencies, LoadError, closed_loop, open_loop, request
from deploy.bench._private_stack import private_stack
from deploy.bench.result import Aim, BenchResult
from deploy.local.postgres import binary

PRODUCTS = 100_000
IMPORT = 5_000
LINES = 3
CONNECTIONS = 16
ROUNDS = 5
CLOSED = {"orders": 500, "product": 1_500, "products": 1_000}
"""Requests in one round of each route, to find out how many a second it takes."""
CHECKOUTS = 150
"""Whole checkouts in one round, to find out how many a second go through."""
OPEN_S = 4.0
BARE = 2_000
PGBENCH_S = 4
PGBENCH_SCALE = 10
READS = ("product", "products")
SHARE_AIM = 0.25
ORDER_AIM_MS, READ_AIM_MS = 200.0, 50.0
PEERS = ("bare_sql", "pgbench_tpc_b")


def run(seed: int) -> BenchResult:
    """Measure, and return medians over the rounds.

    Raises
    ------
    LoadError
        If the storefront answers anything but success, or pgbench fails.
    """
    source = random.Random(seed)
    with private_stack(["storefront", "checkouts"]) as environment:
        fill(environment["STOREFRONT_URL"], environment["PARTNER_TOKEN"])
        cursors = cursors_of(environment["STOREFRONT_URL"])
        tpcb = asyncio.run(_second_database(environment["DATABASE_URL"]))
        _pgbench(tpcb, "-i", "-q", "-s", str(PGBENCH_SCALE))
        rounds = [_round(environment, tpcb, cursors, source) for _ in range(ROUNDS + 1)]
    # The first round warms up.
    return _result(seed, rounds[1:])


def _sku(number: int) -> str:
    return f"B{number:06d}"


def fill(base: str, token: str) -> None:
    """Bring the benchmark's products into a store.

    Raises
    ------
    LoadError
        If it refuses them.
    """
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=base, headers=headers, timeout=120) as partner:
        for first in range(0, PRODUCTS, IMPORT):
            products = [_product(number) for number in range(first, first + IMPORT)]
            answer = partner.post("/catalog/imports", json={"products": products})
            if answer.status_code != httpx.codes.OK:
                raise LoadError(f"{answer.status_code}: {answer.text[:300]}")


def cursors_of(base: str) -> list[str]:
    """Return where each page of the catalogue ends: pages are asked for in any order later."""
    found: list[str] = []
    with httpx.Client(base_url=base, timeout=120) as visitor:
        while not found or found[-1]:
            query = {"limit": "200", "after": found[-1] if found else ""}
            found.append(
                visitor.get("/products", params=query).raise_for_status().json()["next_cursor"]
            )
    return found[:-1]


def _product(number: int) -> dict[str, object]:
    return {
        "sku": _sku(number),
        "product_id": f"P{number:06d}",
        "name": f"Product {number}",
        "vendor_id": f"v-{number % 500}",
        "brand": f"Brand {number % 900}",
        "department": f"D{number % 30}",
        "category": f"C{number % 300}",
        "product_type": f"T{number % 2000}",
        "package_size": "1 KG",
        "mass_grams": 1000,
        "unit": "each",
        "currency": "USD",
        "list_price_minor": 250,
        "opening_stock": 1_000_000,
    }


async def _second_database(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CREATE DATABASE tpcb")
    finally:
        await connection.close()
    return urlsplit(url)._replace(path="/tpcb").geturl()


def _pgbench(url: str, *options: str) -> str:
    command = [str(binary("pgbench")), *options, url]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode:
        raise LoadError(f"pgbench: {outcome.stderr.strip()[-300:]}")
    return outcome.stdout


def _tpc_b(url: str) -> float:
    clients = ("-c", str(CONNECTIONS), "-T", str(PGBENCH_S), "-M", "prepared", "-n")
    found = re.search(r"tps = ([\d.]+)", _pgbench(url, *clients))
    if found is None:
        raise LoadError("pgbench does not say how many transactions a second it did")
    return float(found[1])


def _orders(token: str, source: random.Random, count: int) -> list[bytes]:
    requests = []
    for _ in range(count):
        wanted = source.sample(range(PRODUCTS), LINES)
        order = {
            "store_id": "S1",
            "channel": "web",
            "currency": "USD",
            "subject": f"p-{source.randrange(10_000):06d}",
            "session_id": "ses-1",
            "device_id": "d-1",
            "lines": [{"sku": _sku(number), "quantity": 1} for number in wanted],
            "payment": {"method": "card", "fingerprint": "c-1", "country": "US"},
            "delivery": {
                "mode": "van",
                "packaging": "paper_bag",
                "distance_km": 5.0,
                "area": "452",
            },
        }
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid.uuid4().hex}
        requests.append(request("POST", "/orders", json.dumps(order).encode(), headers))
    return requests


def _requests(
    route: str, token: str, cursors: Sequence[str], source: random.Random, count: int
) -> list[bytes]:
    if route == "orders":
        return _orders(token, source, count)
    if route == "product":
        numbers = [source.randrange(PRODUCTS) for _ in range(count)]
        return [request("GET", f"/products/P{number:06d}") for number in numbers]
    pages = [source.choice(cursors) for _ in range(count)]
    return [request("GET", f"/products?limit=20&after={cursor}") for cursor in pages]


_Round = Mapping[str, float]


def _round(
    environment: Mapping[str, str], tpcb: str, cursors: Sequence[str], source: random.Random
) -> _Round:
    port, token = _port(environment["STOREFRONT_URL"]), environment["PARTNER_TOKEN"]
    figures = _checkouts(Flow(port, _port(environment["PAYMENT_URL"])), source)
    for route, count in CLOSED.items():
        wanted = _requests(route, token, cursors, source, count)
        per_s = asyncio.run(closed_loop(port, wanted, CONNECTIONS))
        half = per_s / 2
        wanted = _requests(route, token, cursors, source, int(half * OPEN_S))
        began, worked = time.perf_counter(), time.process_time()
        latencies = asyncio.run(open_loop(port, wanted, half))
        share = (time.process_time() - worked) / (time.perf_counter() - began)
        figures |= {f"{route}_per_s": per_s, f"{route}_generator_cpu_share": share}
        figures |= _named(route, latencies)
    skus = _carts(source, BARE)
    url = environment["DATABASE_URL"]
    figures["bare_sql_per_s"] = asyncio.run(bare_orders(url, skus, CONNECTIONS))
    figures["pgbench_tpc_b_per_s"] = _tpc_b(tpcb)
    return figures


def _port(url: str) -> int:
    return urlsplit(url).port or 80


def _carts(source: random.Random, count: int) -> list[list[str]]:
    return [[_sku(n) for n in source.sample(range(PRODUCTS), LINES)] for _ in range(count)]


def _checkouts(flow: Flow, source: random.Random) -> dict[str, float]:
    guests = asyncio.run(flow.guests(CHECKOUTS, CONNECTIONS))
    carts = _carts(source, CHECKOUTS)
    per_s = asyncio.run(flow.fastest(guests, carts, CONNECTIONS))
    count = max(1, int(per_s / 2 * OPEN_S))
    guests = asyncio.run(flow.guests(count, CONNECTIONS))
    began, worked = time.perf_counter(), time.process_time()
    latencies = asyncio.run(flow.at_rate(guests, _carts(source, count), per_s / 2))
    share = (time.process_time() - worked) / (time.perf_counter() - began)
    figures = {"checkouts_per_s": per_s, "checkouts_generator_cpu_share": share}
    for route in ROUTES:
        figures |= _named(route, latencies[route])
    return figures


def _named(route: str, latencies: Latencies) -> dict[str, float]:
    return {
        f"{route}_p50_ms": latencies.p50_ms,
        f"{route}_p95_ms": latencies.p95_ms,
        f"{route}_p99_ms": latencies.p99_ms,
    }


def _result(seed: int, rounds: Sequence[_Round]) -> BenchResult:
    medians = {name: round(statistics.median(r[name] for r in rounds), 3) for name in rounds[0]}
    peers = {peer: {"per_s": medians.pop(f"{peer}_per_s")} for peer in PEERS}
    ratios = {
        f"{what}_per_s_to_{peer}": round(medians[f"{what}_per_s"] / figures["per_s"], 3)
        for what in ("checkouts", "orders")
        for peer, figures in peers.items()
    }
    aims = []
    for what in ("checkouts", "orders"):
        share = ratios[f"{what}_per_s_to_bare_sql"]
        aim = f"{what} a second at least {SHARE_AIM} of bare SQL"
        aims.append(Aim(aim, share, share >= SHARE_AIM))
    for route in (*CLOSED, *ROUTES):
        limit = READ_AIM_MS if route in READS else ORDER_AIM_MS
        p95 = medians[f"{route}_p95_ms"]
        aims.append(Aim(f"{route} p95 under {limit:.0f} ms at half its rate", p95, p95 < limit))
    return BenchResult(
        bench="checkout", seed=seed, figures=medians, peers=peers, ratios=ratios, aims=aims
    )
