"""A demo that is killed goes on where it was: nothing lost, nothing doubled."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from rich.console import Console

from deploy.demo.fraud import frauds
from deploy.demo.stages import Demo
from deploy.demo.timeline import BEFORE_MODELS, Placed, happenings
from deploy.demo.world import World, build
from deploy.local.settings import LocalSettings
from deploy.local.stack import Stack
from pipelines.warehouse import connect

SAMPLE = 0.01
CHUNK = 100
DEADLINE_S = 180.0
PROGRAM = f"""
import json, sys
from pathlib import Path
from rich.console import Console
from deploy.demo import history
from deploy.demo.stages import Demo
history.CHUNK = {CHUNK}
environment, folder, until = json.loads(sys.argv[1])
Demo(environment, Path(folder), Console(), {SAMPLE}).run(until)
"""
"""The demo as a process of its own, with chunks so small that there are many."""


@pytest.fixture(scope="module")
def environment(
    tmp_path_factory: pytest.TempPathFactory, stack_settings: Callable[..., LocalSettings]
) -> Iterator[dict[str, str]]:
    """Where the services of the module's own stack are."""
    own = Stack(stack_settings(tmp_path_factory.mktemp("demo-stack")))
    try:
        own.up(["storefront", "relay", "sink"])
        yield own.environment()
    finally:
        own.down()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo keeps its books."""
    return tmp_path_factory.mktemp("demo-books")


@pytest.fixture(scope="module")
def world() -> World:
    """The world that is replayed."""
    return build(SAMPLE)


def kill_when(
    environment: dict[str, str], folder: Path, until: str, reached: Callable[[], bool]
) -> None:
    """Run the demo and kill it as soon as something is true."""
    arguments = json.dumps([environment, str(folder), until])
    log = folder / f"{until}.log"
    deadline = time.monotonic() + DEADLINE_S
    with log.open("w", encoding="utf-8") as output:
        command = [sys.executable, "-c", PROGRAM, arguments]
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            while not reached():
                assert process.poll() is None, log.read_text("utf-8")[-2000:]
                assert time.monotonic() < deadline, log.read_text("utf-8")[-2000:]
                time.sleep(0.02)
        finally:
            process.kill()
            process.wait()


def clicks_and_orders(environment: dict[str, str]) -> list[tuple[int, int]]:
    """Return rows and distinct events of both tables."""
    with connect(environment["CLICKHOUSE_URL"]) as client:
        query = "SELECT count(), uniqExact(event_id) FROM raw."
        rows = [client.query(query + name).result_rows[0] for name in ("clickstream", "orders")]
        return [(int(count), int(events)) for count, events in rows]


def test_history_whose_import_was_killed_arrives_once(
    environment: dict[str, str], folder: Path, world: World
) -> None:
    kill_when(environment, folder, "history", lambda: clicks_and_orders(environment)[1][0] > 0)
    assert "history" not in json.loads((folder / "demo" / "journal.json").read_text("utf-8"))
    demo = Demo(environment, folder, Console(), SAMPLE)
    demo.run("history")
    lines = sum(len(basket.lines) for basket in world.history())
    expected = [(2 * lines, 2 * lines), (world.history_count, world.history_count)]
    assert 0 < demo.journal.done["history"]["events"] < 2 * lines + world.history_count
    assert clicks_and_orders(environment) == expected


def test_live_days_that_were_killed_arrive_once(
    environment: dict[str, str], folder: Path, world: World
) -> None:
    book = folder / "demo" / "live.jsonl"
    step = BEFORE_MODELS.name
    Demo(environment, folder, Console(), SAMPLE).run("history")
    for answers in (10, 60):

        def enough(answers: int = answers) -> bool:
            return book.exists() and len(book.read_bytes().splitlines()) >= answers

        kill_when(environment, folder, step, enough)
    demo = Demo(environment, folder, Console(), SAMPLE)
    demo.run(step)
    placed = [
        event.basket for event in happenings(world, BEFORE_MODELS) if isinstance(event, Placed)
    ]
    lines = sum(len(basket.lines) for basket in [*world.history(), *placed])
    ((clicks, distinct), (orders, events)) = clicks_and_orders(environment)
    assert (clicks, distinct) == (2 * lines, 2 * lines)
    assert orders == events
    assert asyncio.run(stored(environment["DATABASE_URL"])) == {
        basket.source_ref for basket in placed
    }


def test_a_third_run_does_nothing(environment: dict[str, str], folder: Path) -> None:
    demo = Demo(environment, folder, Console(), SAMPLE)
    demo.run(BEFORE_MODELS.name)
    done, arrived = dict(demo.journal.done), clicks_and_orders(environment)
    demo.run(BEFORE_MODELS.name)
    assert demo.journal.done == done
    assert clicks_and_orders(environment) == arrived


def test_frauds_of_the_phase_are_charged_back_late(
    environment: dict[str, str], folder: Path, world: World
) -> None:
    Demo(environment, folder, Console(), SAMPLE).run(BEFORE_MODELS.name)
    due = sum(BEFORE_MODELS.holds(f.basket.at_ms + f.dispute_after_ms) for f in frauds(world))
    with connect(environment["CLICKHOUSE_URL"]) as client:
        disputed = client.command(
            "SELECT count() FROM raw.payments WHERE type = 'payment_disputed'"
        )
    assert disputed == due > 0


async def stored(url: str) -> set[str]:
    """Return the source_ref of every order in PostgreSQL."""
    connection = await asyncpg.connect(url)
    try:
        return {row["source_ref"] for row in await connection.fetch("SELECT * FROM orders")}
    finally:
        await connection.close()
