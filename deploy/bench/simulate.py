"""What the simulation itself costs, beside what the store costs that it asks.

The same shoppers go through a stub that answers from memory, as fast as one core can, and through a
store of the benchmark's own. Processor time a request is compared, since that holds whatever else
the machine does: the simulation is the bottleneck of a load test only if it takes more of it than
the store.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
from rich.console import Console

from deploy.bench._private_stack import private_stack
from deploy.bench._started import wait_for
from deploy.bench.result import Aim, BenchError, BenchResult
from deploy.demo.shoppers.simulate import Outcome, Plan, simulate
from deploy.local.ports import free_port
from deploy.local.services import KEEP_ALIVE

SHOPPERS, DAYS = 3_000, 1
STORE_SHOPPERS = 600
"""Fewer, since the store takes its time."""
RATIO_AIM = 3.0
SERVICES = ("storefront", "payments", "checkouts", "relay")


def run(seed: int) -> BenchResult:
    """Simulate against the stub and against a store.

    Raises
    ------
    BenchError
        If a server does not start, or a run was over before it began.
    """
    with _stub() as port, tempfile.TemporaryDirectory() as folder:
        url = f"http://127.0.0.1:{port}"
        environment = {
            "STOREFRONT_URL": url,
            "PAYMENT_URL": url,
            "SHARED_CLOCK": str(Path(folder) / "clock"),
            "PARTNER_TOKEN": "token",
            "DISPUTE_WEBHOOK_SECRET": "secret",
        }
        limit = _simulated(Plan(SHOPPERS, DAYS, seed), environment, Path(folder))
    resident = psutil.Process().memory_info().rss / 2**20
    with private_stack(SERVICES) as environment, tempfile.TemporaryDirectory() as folder:
        store = _storefront(environment)
        before = _cpu_s(store)
        real = _simulated(Plan(STORE_SHOPPERS, DAYS, seed), environment, Path(folder))
        store_us = 1e6 * (_cpu_s(store) - before) / real.requests
    own_us = 1e6 * limit.cpu_s / limit.requests
    ratio = store_us / own_us
    return BenchResult(
        bench="simulate",
        seed=seed,
        figures={
            "cpu_us_a_request": own_us,
            "requests_per_core_s": 1e6 / own_us,
            "requests_per_s": limit.requests / limit.elapsed_s,
            "rss_mib": resident,
        },
        peers={
            "the store": {
                "cpu_us_a_request": store_us,
                "requests_per_core_s": 1e6 / store_us,
                "requests_per_s": real.requests / real.elapsed_s,
            }
        },
        ratios={"requests_per_core_s": ratio},
        aims=[Aim(f"at least {RATIO_AIM:.0f} times the store's", ratio, ratio >= RATIO_AIM)],
    )


def _simulated(plan: Plan, environment: Mapping[str, str], folder: Path) -> Outcome:
    outcome = simulate(plan, environment, folder, Console(stderr=True, quiet=True))
    if outcome is None:
        raise BenchError("the run was over before it began")
    return outcome


def _storefront(environment: Mapping[str, str]) -> psutil.Process:
    port = environment["STOREFRONT_URL"].rpartition(":")[2]
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if "storefront_api.app:create_app" in command and command[-1] == port:
            return process
    raise BenchError("the storefront's process was not found")


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def _stub() -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "deploy.bench._stub_store:create_app", "--factory"]
    process = subprocess.Popen(
        [*command, *KEEP_ALIVE, "--no-access-log", "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", process, 60.0)
        yield port
    finally:
        process.terminate()
        process.wait()
