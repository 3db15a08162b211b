"""Simulated shoppers in the real store: a killed run goes on, and equals the ledger to the cent."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from rich.console import Console

from deploy.demo.arrival import arrived
from deploy.demo.shoppers.comparison import Compared, compare
from deploy.demo.shoppers.journal import Journal, OtherRunError
from deploy.demo.shoppers.pictures import picture
from deploy.demo.shoppers.sessions import BEGINS, DAY_MS
from deploy.demo.shoppers.shaping import days
from deploy.demo.shoppers.simulate import BusyError, Folders, Plan, simulate
from deploy.demo.shoppers.timeline import SPREAD_MS
from deploy.demo.shoppers.truth import Truth
from deploy.local.settings import LocalSettings
from deploy.local.stack import Stack
from pipelines.warehouse import connect
from tests.model.sql.dbt import dbt

PLAN = Plan(shoppers=160, days=2, seed=21)
DEADLINE_S = 240.0
PROGRAM = """
import json, sys
from pathlib import Path
from rich.console import Console
from deploy.demo.shoppers.simulate import Plan, simulate
environment, folder, shoppers, days, seed = json.loads(sys.argv[1])
simulate(Plan(shoppers, days, seed), environment, Path(folder), Console())
"""


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory, stack_settings: Callable[..., LocalSettings]
) -> Iterator[Stack]:
    """The module's own stack, from the store to the raw tables."""
    own = Stack(stack_settings(tmp_path_factory.mktemp("simulation-stack")))
    try:
        own.up(["storefront", "payments", "checkouts", "relay", "sink"])
        yield own
    finally:
        own.down()


def visits_done(path: Path) -> int:
    """Return how many visits a journal has, once there is one."""
    if not path.exists():
        return 0
    journal = Journal(path)
    try:
        return len(journal.visited())
    finally:
        journal.close()


def kill_after(environment: dict[str, str], folder: Path, visits: int) -> None:
    """Simulate in a process of its own, and kill it once some visits are done."""
    arguments = json.dumps([environment, str(folder), PLAN.shoppers, PLAN.days, PLAN.seed])
    log = folder / "killed.log"
    deadline = time.monotonic() + DEADLINE_S
    with log.open("w", encoding="utf-8") as output:
        command = [sys.executable, "-c", PROGRAM, arguments]
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            while visits_done(Folders.of(folder, PLAN.seed).journal) < visits:
                assert process.poll() is None, log.read_text("utf-8")[-3000:]
                assert time.monotonic() < deadline, log.read_text("utf-8")[-3000:]
                time.sleep(0.02)
            with pytest.raises(BusyError):
                simulate(PLAN, environment, folder, Console())
        finally:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def simulated(stack: Stack) -> Path:
    """The data directory after a simulation that was killed and gone on with."""
    environment, folder = stack.environment(), stack.settings.data_dir
    kill_after(environment, folder, visits=8)
    before = visits_done(Folders.of(folder, PLAN.seed).journal)
    outcome = simulate(PLAN, environment, folder, Console())
    assert outcome is not None
    assert before < outcome.counts["visits"]
    assert outcome.requests > 0
    return folder


def fetch(environment: dict[str, str], query: str, *values: object) -> list[Any]:
    """Ask the store's database."""

    async def ask() -> list[Any]:
        connection = await asyncpg.connect(environment["DATABASE_URL"])
        try:
            return list(await connection.fetch(query, *values))
        finally:
            await connection.close()

    return asyncio.run(ask())


def compared(environment: dict[str, str], folder: Path, marts: bool = False) -> dict[str, Compared]:
    """Return the comparison by place and what was compared."""
    journal = Journal(Folders.of(folder, PLAN.seed).journal)
    try:
        lines = asyncio.run(compare(journal, environment, days(PLAN), marts))
    finally:
        journal.close()
    return {f"{line.where} {line.what}": line for line in lines}


def test_truth_and_ledger_agree_to_the_cent(stack: Stack, simulated: Path) -> None:
    environment = stack.environment()
    found = compared(environment, simulated)
    own = [f"PostgreSQL {name}" for name in ("orders", "refunds", "chargebacks")]
    posted = ["revenue orders", "refunds refunds", "chargebacks chargebacks"]
    for name in (*own, *(f"ledger, {name}" for name in posted)):
        assert found[name].found == found[name].truth, found[name]
    all_of_them = fetch(environment, "SELECT count(*), sum(total_minor)::bigint FROM orders")[0]
    assert tuple(all_of_them) == found["PostgreSQL orders"].truth
    assert all_of_them[0] > 3


def test_each_order_is_the_one_that_the_truth_has(stack: Stack, simulated: Path) -> None:
    truth = Truth(Folders.of(simulated, PLAN.seed).truth)
    own = {r["order_id"]: r for r in truth.read("orders").to_pylist()}
    rows = fetch(stack.environment(), "SELECT * FROM orders")
    assert {str(row["order_id"]) for row in rows} == own.keys()
    for row in rows:
        order = own[str(row["order_id"])]
        assert (row["subject"], row["total_minor"]) == (order["subject"], order["total_minor"])
        late_ms = (row["ordered_at"] - order["completed_at"]).total_seconds() * 1000
        # Whoever else was under way then is not later than this.
        assert -SPREAD_MS <= late_ms <= SPREAD_MS


def test_everything_in_the_store_has_the_simulations_time(stack: Stack, simulated: Path) -> None:
    query = "SELECT min(expires_at), max(expires_at), count(*) FROM checkouts"
    low, high, _ = fetch(stack.environment(), query)[0]
    span_ms = (high - BEGINS).total_seconds() * 1000
    assert low > BEGINS
    assert span_ms < (PLAN.days + 1) * DAY_MS


def test_checkouts_that_were_left_expire_by_the_simulations_time(
    stack: Stack, simulated: Path
) -> None:
    deadline = time.monotonic() + DEADLINE_S
    query = "SELECT state, count(*) FROM checkouts GROUP BY state"
    while "open" in (states := dict(fetch(stack.environment(), query))):
        assert time.monotonic() < deadline, states
        time.sleep(0.2)
    orders = fetch(stack.environment(), "SELECT count(*) FROM orders")[0][0]
    assert states["completed"] == orders


def test_the_store_has_its_own_time_back(stack: Stack, simulated: Path) -> None:
    path = Path(stack.environment()["SHARED_CLOCK"])
    assert simulated
    assert path.read_bytes() == bytes(16)


def test_every_order_reaches_the_warehouse_once(stack: Stack, simulated: Path) -> None:
    environment = stack.environment()
    deadline = time.monotonic() + DEADLINE_S
    while (line := compared(environment, simulated)["raw.orders orders"]).found != line.truth:
        assert time.monotonic() < deadline, line
        time.sleep(0.5)


VENDORS_DAYS = """
SELECT (booked_at AT TIME ZONE 'UTC')::date AS day, account, currency, ARRAY[
    coalesce(sum(amount_minor) FILTER (WHERE kind = 'sale'), 0),
    coalesce(-sum(amount_minor) FILTER (WHERE kind = 'refund'), 0),
    coalesce(-sum(amount_minor) FILTER (WHERE kind = 'chargeback'), 0),
    coalesce(-sum(amount_minor) FILTER (WHERE kind = 'commission'), 0),
    coalesce(sum(amount_minor) FILTER (WHERE kind = 'commission_reversal'), 0)
]::bigint[] FROM vendor_ledger GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
VENDOR_SALES = """
SELECT booked_on, vendor_id, currency, [sales_minor, refunded_minor, charged_back_minor,
    commission_minor, commission_returned_minor]
FROM marts.mart_vendor_sales ORDER BY 1, 2, 3
"""


@pytest.fixture(scope="module")
def shaped(stack: Stack, simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The warehouse with the marts of the simulated days, once everything has arrived."""
    environment = stack.environment()
    asyncio.run(arrived(environment, lambda _: None))
    url = environment["CLICKHOUSE_URL"]
    first, last = days(PLAN)
    span = (first, last + timedelta(days=1))
    dbt(url, tmp_path_factory.mktemp("target"), "build", days=span)
    return url


def test_marts_and_ledger_agree_to_the_cent(stack: Stack, simulated: Path, shaped: str) -> None:
    for line in compared(stack.environment(), simulated, marts=True).values():
        assert line.found == line.truth, line


def test_each_vendors_day_is_the_one_of_the_vendor_ledger(
    stack: Stack, simulated: Path, shaped: str
) -> None:
    booked = [tuple(row) for row in fetch(stack.environment(), VENDORS_DAYS)]
    with connect(shaped) as client:
        rows = [tuple(row) for row in client.query(VENDOR_SALES).result_rows]
    assert len(booked) > 5
    assert rows == booked


def test_the_same_run_again_is_over_already(stack: Stack, simulated: Path) -> None:
    before = fetch(stack.environment(), "SELECT count(*) FROM orders")
    assert simulate(PLAN, stack.environment(), simulated, Console()) is None
    assert fetch(stack.environment(), "SELECT count(*) FROM orders") == before


def test_another_run_of_the_same_seed_is_refused(stack: Stack, simulated: Path) -> None:
    other = Plan(shoppers=PLAN.shoppers + 1, days=PLAN.days, seed=PLAN.seed)
    with pytest.raises(OtherRunError, match="shoppers 160 and not 161"):
        simulate(other, stack.environment(), simulated, Console())


def test_the_week_has_a_picture(simulated: Path) -> None:
    path = picture(Folders.of(simulated, PLAN.seed).truth)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_command_reports_what_it_compared(stack: Stack, simulated: Path) -> None:
    settings = stack.settings.variables()
    arguments = ["--shoppers", str(PLAN.shoppers), "--days", str(PLAN.days), "--seed", "21"]
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local.cli", "simulate", *arguments],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "this run was over before" in done.stdout
    assert "PostgreSQL" in done.stdout
    assert "differs" not in done.stdout
