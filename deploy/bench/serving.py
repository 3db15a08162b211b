"""Latency of each serving route at a fixed rate, beside a bare FastAPI route in the same run.

Needs the local stack with its models trained (`ecomarket demo`): the requests go to the serving
that it runs, whose features come from its Valkey and whose decisions go to its Kafka. The peer
answers a constant from memory, so the ratio is the price of features, model and decision log.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import valkey

from deploy.bench._load import Latencies, LoadError, closed_loop, open_loop, request
from deploy.bench._started import wait_for
from deploy.bench.result import Aim, BenchResult
from deploy.local.environment import client_environment
from deploy.local.ports import free_port
from deploy.local.services import KEEP_ALIVE
from deploy.local.settings import LocalSettings, Port

RATE_PER_S = 100.0
ROUND_S = 2.0
ROUNDS = 5
WORKERS = 8
FRAUD_P99_AIM_MS = 150.0
"""How long the store waits for a fraud score."""
FOOTPRINT_P99_AIM_MS = 10.0
"""How long a checkout may wait for a footprint with its alternatives."""
SUBJECTS = 500
PEER = "bare_fastapi"
AT = datetime(2017, 12, 30, 8, tzinfo=UTC)

Routes = Mapping[str, Sequence[bytes]]


def run(seed: int) -> BenchResult:
    """Measure every route and the peer in turns, and return the medians of their rounds.

    Raises
    ------
    LoadError
        If serving does not answer, or a family has no model in service.
    """
    settings = LocalSettings()
    port = settings.port(Port.SERVING)
    environment = client_environment(settings)
    routes = _routes(port, environment["VALKEY_URL"], random.Random(seed))
    with _peer() as peer_port:
        targets = {name: (port, requests) for name, requests in routes.items()}
        targets[PEER] = (peer_port, [request("GET", "/constant")])
        rounds, capacity = asyncio.run(_measure(targets))
    summaries = {name: _medians(rounds[name], capacity[name]) for name in targets}
    peer = summaries.pop(PEER)
    figures = {
        f"{name}_{figure}": value
        for name, summary in summaries.items()
        for figure, value in summary.items()
    }
    ratios = {
        f"{name}_{figure}": round(summary[figure] / peer[figure], 3)
        for name, summary in summaries.items()
        for figure in ("p50_ms", "p99_ms", "capacity_per_s")
    }
    p99 = summaries["fraud"]["p99_ms"]
    aim = f"fraud p99 below the {FRAUD_P99_AIM_MS:.0f} ms that the store waits"
    carbon = summaries["footprint"]["p99_ms"]
    other = f"footprint with its alternatives p99 below {FOOTPRINT_P99_AIM_MS:.0f} ms"
    return BenchResult(
        bench="serving",
        seed=seed,
        figures=figures,
        peers={PEER: peer},
        ratios=ratios,
        aims=[
            Aim(aim, p99, p99 < FRAUD_P99_AIM_MS),
            Aim(other, carbon, carbon < FOOTPRINT_P99_AIM_MS),
        ],
    )


async def _measure(
    targets: Mapping[str, tuple[int, Sequence[bytes]]],
) -> tuple[dict[str, list[Latencies]], dict[str, list[float]]]:
    count = int(RATE_PER_S * ROUND_S)
    rounds: dict[str, list[Latencies]] = {name: [] for name in targets}
    capacity: dict[str, list[float]] = {name: [] for name in targets}
    for number in range(ROUNDS + 1):
        for name, (port, requests) in targets.items():
            wanted = [requests[index % len(requests)] for index in range(count)]
            latencies = await open_loop(port, wanted, RATE_PER_S)
            per_s = await closed_loop(port, wanted, WORKERS)
            if number:  # the first round warms up
                rounds[name].append(latencies)
                capacity[name].append(per_s)
    return rounds, capacity


def _medians(rounds: Sequence[Latencies], capacity: Sequence[float]) -> dict[str, float]:
    return {
        "p50_ms": round(statistics.median(entry.p50_ms for entry in rounds), 3),
        "p95_ms": round(statistics.median(entry.p95_ms for entry in rounds), 3),
        "p99_ms": round(statistics.median(entry.p99_ms for entry in rounds), 3),
        "requests_per_s": round(statistics.median(entry.per_s for entry in rounds), 1),
        "capacity_per_s": round(statistics.median(capacity), 1),
    }


def _routes(port: int, valkey_url: str, source: random.Random) -> Routes:
    """Return the requests of each route, about shoppers and products that there are."""
    subjects = _subjects(valkey_url) or ["nobody"]
    skus = sorted({sku for subject in subjects[:50] for sku in _slate(port, subject)})
    if not skus:
        raise LoadError("recommend has no model in service: run `ecomarket demo` first")
    forecastable = [sku for sku in skus if _status(port, f"/v1/forecasts/{sku}") == 200]
    if not forecastable:
        raise LoadError("demand knows none of the recommended products, or has no model in service")
    pairs = [(source.choice(subjects), source.choice(skus)) for _ in range(SUBJECTS)]
    return {
        "recommendations": [
            request("GET", f"/v1/recommendations?subject={subject}&k=10&context={sku}")
            for subject, sku in pairs
        ],
        "fraud": [
            request("POST", "/v1/fraud/score", _order(subject, source)) for subject, _ in pairs
        ],
        "forecasts": [request("GET", f"/v1/forecasts/{sku}?horizon=7") for sku in forecastable],
        "footprint": [
            request("POST", "/v1/footprint", _basket(source.sample(skus, min(8, len(skus)))))
            for _ in pairs
        ],
    }


def _order(subject: str, source: random.Random) -> bytes:
    amount = source.randrange(100, 20_000)
    at = AT + timedelta(seconds=source.randrange(86_400))
    order = {
        "order_id": str(uuid.UUID(int=source.getrandbits(128), version=4)),
        "subject": subject,
        "occurred_at": at.isoformat(),
        "currency": "USD",
        "amount_minor": amount,
        "line_count": 4,
        "units": 6,
        "max_line_minor": amount // 2,
        "device_id": f"bench-{source.randrange(100)}",
        "payment_fingerprint": f"bench-{source.randrange(100)}",
        "payment_country": "US",
        "ip_country": "US",
    }
    return json.dumps(order).encode()


def _basket(skus: Sequence[str]) -> bytes:
    lines = [{"sku": sku, "quantity": 1} for sku in skus]
    order = {
        "lines": lines,
        "packaging": "paper_bag",
        "delivery_mode": "van",
        "distance_km": 5.0,
    }
    return json.dumps(order).encode()


def _subjects(url: str) -> list[str]:
    client: Any = valkey.Valkey.from_url(url, decode_responses=True)
    try:
        found: list[str] = []
        for key in client.scan_iter(match="recent:*", count=1000):
            found.append(key.partition(":")[2])
            if len(found) == SUBJECTS:
                break
    except valkey.exceptions.ConnectionError as error:
        raise LoadError(f"the online store is away: {error}; run `ecomarket up` first") from error
    finally:
        client.close()
    return sorted(found)


def _slate(port: int, subject: str) -> list[str]:
    url = f"http://127.0.0.1:{port}/v1/recommendations?subject={subject}&k=20"
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return [item["sku"] for item in json.load(answer)["slate"]]
    except OSError as error:
        raise LoadError(f"serving on port {port}: {error}; run `ecomarket up` first") from error


def _status(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@contextmanager
def _peer() -> Iterator[int]:
    """Run the bare application as serving is run, in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "deploy.bench._bare:create_app", "--factory"]
    process = subprocess.Popen(
        [*command, *KEEP_ALIVE, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/constant", process)
        yield port
    finally:
        process.terminate()
        process.wait()
