"""Events a second that one process of the collector acknowledges, beside three peers in one run.

The broker is a private one. The events have 350 bytes and come singly and in batches of 50, from
as many clients at once as keep the server busy. The peers are (a) a bare ASGI application that only
reads the body, (b) the usual FastAPI endpoint with pydantic models that produces to the same Kafka,
and a bare ASGI application that hands what comes to a producer set as the collector's: what lies
between that one and (a) is Kafka's, what lies between it and the collector is ours. Ratios are of
events for each second of the server's own CPU, all its threads together: that is what one core can
carry, whatever else the machine does meanwhile. Events a second by the clock, and latencies, are
told beside them.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle, islice

import psutil

from deploy.bench._clicks import batch
from deploy.bench._load import closed_loop, open_loop, request
from deploy.bench._private_stack import private_stack
from deploy.bench._started import wait_for
from deploy.bench.result import Aim, BenchResult
from deploy.local.ports import free_port
from deploy.local.services import KEEP_ALIVE

SIZES = {"single": 1, "batch": 50}
BODIES = {"single": 1500, "batch": 300}
"""So many different requests; they are also what the round that warms up sends."""
CPU_S = 1.0
"""How much of it each contender is to use in a round: the kernel counts in hundredths."""
RATE_PER_S = 50.0
ROUNDS = 3
WORKERS = 64
START_S = 60.0
OURS, BARE, PYDANTIC = "collector", "bare_asgi", "fastapi_pydantic"
PRODUCER = "bare_producer"
AIMS = {BARE: 0.5, PYDANTIC: 4.0}


@dataclass(frozen=True)
class _Server:
    port: int
    process: psutil.Process
    headers: Mapping[str, str]

    def cpu_s(self) -> float:
        """Return the seconds of CPU that it has used."""
        used = self.process.cpu_times()
        return float(used.user + used.system)


def run(seed: int) -> BenchResult:
    """Measure the collector and both peers in turns, and return the medians of the rounds.

    Raises
    ------
    LoadError
        If a server does not answer, or not with success.
    """
    source = random.Random(seed)
    with private_stack(["storefront"]) as environment, ExitStack() as up:
        servers = {
            name: up.enter_context(_server(name, environment))
            for name in (OURS, BARE, PRODUCER, PYDANTIC)
        }
        measured = asyncio.run(_measure(servers, source))
    figures = {
        name: {figure: round(statistics.median(values), 3) for figure, values in of.items()}
        for name, of in measured.items()
    }
    ours = figures.pop(OURS)
    ratios = {
        f"{size}_{peer}": round(
            ours[f"{size}_events_per_cpu_s"] / figures[peer][f"{size}_events_per_cpu_s"], 3
        )
        for size in SIZES
        for peer in figures
    }
    aims = [
        Aim(f"{size}: {AIMS[peer]:g} times {peer}", ratio, ratio >= AIMS[peer])
        for (size, peer), ratio in (
            ((size, peer), ratios[f"{size}_{peer}"]) for size in SIZES for peer in AIMS
        )
    ]
    return BenchResult("collect", seed, ours, figures, ratios, aims)


async def _measure(
    servers: Mapping[str, _Server], source: random.Random
) -> dict[str, dict[str, list[float]]]:
    found: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in servers}
    cost_s: dict[tuple[str, str], float] = {}
    for number in range(ROUNDS + 1):
        for size, events in SIZES.items():
            bodies = [batch(events, source) for _ in range(BODIES[size])]
            for name, server in servers.items():
                different = [request("POST", "/collect", body, server.headers) for body in bodies]
                wanted = int(CPU_S / cost_s[name, size]) if number else len(different)
                asked = list(islice(cycle(different), wanted))
                before = server.cpu_s()
                per_s = await closed_loop(server.port, asked, WORKERS)
                used = server.cpu_s() - before
                cost_s[name, size] = used / len(asked)
                few = asked[: int(2 * RATE_PER_S)]
                latencies = await open_loop(server.port, few, RATE_PER_S)
                if number:  # the first round warms up
                    found[name][f"{size}_events_per_s"].append(per_s * events)
                    found[name][f"{size}_events_per_cpu_s"].append(len(asked) * events / used)
                    found[name][f"{size}_p99_ms"].append(latencies.p99_ms)
    return found


@contextmanager
def _server(name: str, environment: Mapping[str, str]) -> Iterator[_Server]:
    application, ready = {
        OURS: (("storefront_api.app:create_app", "--factory"), "/readyz"),
        BARE: (("deploy.bench._bare_app:app", "--lifespan", "off"), "/"),
        PRODUCER: (("deploy.bench._bare_producer:create_app", "--factory"), "/"),
        PYDANTIC: (("deploy.bench._collect_peer:create_app", "--factory"), "/openapi.json"),
    }[name]
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", *application, "--no-access-log", *KEEP_ALIVE]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        env=os.environ | environment | {"SHARED_CLOCK": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}{ready}", process, START_S)
        token = environment["PARTNER_TOKEN"]
        headers = {"Authorization": f"Bearer {token}"} if name == OURS else {}
        yield _Server(port, psutil.Process(process.pid), headers)
    finally:
        process.terminate()
        process.wait()
