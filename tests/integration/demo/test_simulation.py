"""Simulated shoppers in the real store: a killed run goes on, and equals the ledger to the cent."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import dagster as dg
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
from pipelines.dbt_command import dbt
from pipelines.defs.ledger import check
from pipelines.defs.partitions import daily
from pipelines.defs.resources import Ledger, Warehouse
from pipelines.defs.transform import key_of
from pipelines.reconciling import Outcome, reconcile
from pipelines.reconciling.subjects import SUBJECTS
from pipelines.warehouse import connect
from tests.integration.demo.afterwards import charge_commission, give_back, pay_out

PLAN = Plan(shoppers=160, days=2, seed=21)
SPAN = (days(PLAN)[0], days(PLAN)[1] + timedelta(days=1))
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
        charge_commission(own.environment(), 1250, days(PLAN)[0])
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


def reconciled(environment: dict[str, str]) -> list[Outcome]:
    """Compare the ledger with the marts on the simulated days."""
    ledger, warehouse = environment["DATABASE_URL"], environment["CLICKHOUSE_URL"]
    return asyncio.run(reconcile(ledger, warehouse, *SPAN))


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


@pytest.fixture(scope="module")
def shaped(stack: Stack, simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The warehouse with the marts of the simulated days, once everything has arrived.

    On the last day there were a refund, a chargeback and payouts, of which one failed.
    """
    environment = stack.environment()
    last = days(PLAN)[1]
    placed = "SELECT order_id, total_minor FROM orders WHERE refunded_minor = 0 AND total_minor > 9"
    give_back(environment, fetch(environment, f"{placed} ORDER BY order_id LIMIT 2"), last)
    pay_out(environment, fetch, last)
    asyncio.run(arrived(environment, lambda _: None))
    url = environment["CLICKHOUSE_URL"]
    dbt(url, tmp_path_factory.mktemp("target"), "build", days=SPAN)
    return url


def test_marts_and_ledger_agree_to_the_cent(stack: Stack, simulated: Path, shaped: str) -> None:
    outcomes = reconciled(stack.environment())
    assert [str(one) for outcome in outcomes for one in outcome.differences] == []
    for outcome in outcomes:
        assert outcome.ledger == outcome.marts
        assert outcome.ledger.count > 0, outcome.subject
    in_marts = {f"{o.table} {o.subject}": (o.marts.count, o.marts.minor) for o in outcomes}
    lines = compared(stack.environment(), simulated, marts=True)
    assert {name: lines[name].found for name in in_marts} == in_marts


def checked(environment: dict[str, str], day: date) -> dg.AssetCheckEvaluation:
    """Run Dagster's check of a day."""
    partitions = daily(SPAN[0])
    one = check(key_of, partitions, SPAN[0])
    tables = {subject.table for subject in SUBJECTS}

    @dg.multi_asset(specs=[dg.AssetSpec(key_of(t)) for t in tables], partitions_def=partitions)
    def built() -> Iterator[dg.MaterializeResult[None]]:
        yield from (dg.MaterializeResult(asset_key=key_of(table)) for table in tables)

    everything = dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks()
    job = dg.define_asset_job("ledger", everything, partitions_def=partitions)
    definitions = dg.Definitions(
        assets=[built],
        asset_checks=[one],
        jobs=[job],
        resources={
            "ledger": Ledger(url=environment["DATABASE_URL"]),
            "warehouse": Warehouse(url=environment["CLICKHOUSE_URL"]),
        },
    )
    done = definitions.resolve_job_def("ledger").execute_in_process(partition_key=str(day))
    assert done.success
    (evaluation,) = done.get_asset_check_evaluations()
    return evaluation


ALTERED = """
ALTER TABLE raw.orders UPDATE data = {data:String} WHERE event_id = {event:UUID}
"""
STATED = """
SELECT event_id, toDate(occurred_at), data FROM raw.orders
WHERE type = 'order_completed' AND JSONExtractInt(data, 'total_minor') > 9
ORDER BY occurred_at LIMIT 1
"""


def test_one_altered_event_fails_the_reconciliation_which_names_its_order(
    stack: Stack, shaped: str, tmp_path: Path
) -> None:
    environment = stack.environment()
    with connect(shaped) as client:
        event, day, stated = client.query(STATED).result_rows[0]
    order = json.loads(stated)
    # It adds up still, and is not quarantined.
    first, *others = order["lines"]
    less = {name: first[name] - 1 for name in ("list_minor", "total_minor")}
    lines = [first | less, *others]
    altered = json.dumps(order | {"total_minor": order["total_minor"] - 1, "lines": lines})
    assert checked(environment, day).passed

    def state(data: str) -> None:
        """Let the raw event say something, and rebuild what is made of it."""
        with connect(shaped) as client:
            parameters = {"data": data, "event": str(event)}
            client.command(ALTERED, parameters=parameters, settings={"mutations_sync": 2})
        dbt(shaped, tmp_path, "run", "--select", "stg_orders__completed fct_orders", days=SPAN)

    state(altered)
    named = f"order {order['order_id']}: {order['total_minor']:,} in the ledger, "
    broken = [str(one) for outcome in reconciled(environment) for one in outcome.differences]
    assert broken == [f"{named}{order['total_minor'] - 1:,} in the marts"] * 2
    evaluation = checked(environment, day)
    assert not evaluation.passed
    assert evaluation.severity is dg.AssetCheckSeverity.ERROR
    assert named in str(evaluation.metadata["orders that differ"].value)
    until = str(SPAN[1])
    told = subprocess.run(
        [
            sys.executable,
            "-m",
            "deploy.local.cli",
            "reconcile",
            f"--from={SPAN[0]}",
            "--until",
            until,
        ],
        env=os.environ | stack.settings.variables(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1, told.stderr
    assert f"orders: {broken[0]}" in told.stdout
    state(stated)
    assert [one for outcome in reconciled(environment) for one in outcome.differences] == []
