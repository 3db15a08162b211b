"""A topic's range, read again, is the raw table again; and what raw has otherwise is named."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from typer import Typer
from typer.testing import CliRunner

from deploy.repair.cli import register
from pipelines.ingest.ranges import Asked
from pipelines.ingest.reading import reader
from pipelines.ingest.replaying import OtherRangeError, Replay
from pipelines.keys import Keys
from pipelines.warehouse import connect
from storefront_api.events import Topic
from tests.integration.ingest.conftest import DEADLINE_S, SinkProcess, until
from tests.integration.ingest.feed import Feed

Command = Callable[..., Any]
ORDERS = Topic.ORDERS
COUNT = 1000
SMALL = 50


@pytest.fixture
def command(environment: dict[str, str]) -> Command:
    app = Typer()
    register(app)
    runner = CliRunner(env=environment)
    return lambda *arguments: runner.invoke(app, ["replay", ORDERS.value, *arguments])


@pytest.fixture
def consumer(environment: dict[str, str]) -> Iterator[Consumer]:
    made = reader(environment["KAFKA_BOOTSTRAP_SERVERS"])
    yield made
    made.close()


@pytest.fixture
def filled(sink: SinkProcess, feed: Feed, warehouse: Client) -> Feed:
    """Orders with gaps of transactions between them and a refused one, in raw."""
    warehouse.command("DROP DATABASE IF EXISTS replayed SYNC")
    feed.produce(2 * COUNT - 400, transaction=200)
    feed.produce(200, transaction=200, abort=True)
    feed.send(ORDERS, [b"{"], partition=1)
    feed.produce(400)
    sink.start()
    until(lambda: feed.arrived(warehouse), "raw is filled")
    assert sink.end() == 0
    return feed


def _answer(result: Any) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def _said(result: Any, status: int = 1) -> str:
    assert result.exit_code == status, result.output
    return " ".join(result.stderr.replace("│", " ").split())


def test_a_replay_equals_raw_and_names_what_raw_lacks_has_too_much_or_has_changed(
    filled: Feed, command: Command, warehouse: Client
) -> None:
    whole = _answer(command("--json"))
    assert (whole["rows"], whole["raw_rows"], whole["differences"]) == (COUNT, COUNT, [])
    assert whole["refused"] == 1
    ids = warehouse.query("SELECT toString(event_id) FROM replayed.orders").result_rows
    assert sorted(row[0] for row in ids) == sorted(filled.sent[ORDERS])

    warehouse.command("DELETE FROM raw.orders WHERE _partition = 0 AND _offset % 10 = 3")
    warehouse.command(
        "INSERT INTO raw.orders SELECT * FROM raw.orders WHERE _partition = 2 LIMIT 1"
    )
    warehouse.command(
        "ALTER TABLE raw.orders UPDATE subject = 'other' WHERE _partition = 3 AND _offset = 7 "
        "SETTINGS mutations_sync = 1"
    )
    lost = warehouse.query(
        "SELECT _partition, _offset, toString(event_id) FROM replayed.orders "
        "WHERE _partition = 0 AND _offset % 10 = 3 ORDER BY _offset"
    ).result_rows
    found = {each["kind"]: each for each in _answer(command("--json"))["differences"]}
    assert {kind: each["count"] for kind, each in found.items()} == {
        "missing": len(lost),
        "extra": 1,
        "changed": 1,
    }
    assert found["missing"]["events"] == [f"{n}/{offset} {id_}" for n, offset, id_ in lost[:10]]
    assert found["extra"]["events"][0].startswith("2/")
    assert found["changed"]["events"][0].startswith("3/7 ")
    assert f"missing in raw: {len(lost)} ({found['missing']['events'][0]}" in command().stdout


def _killed_after(environment: dict[str, str], cells: int) -> None:
    """Replay until so many cells are in, and die before anybody is told of the last one."""
    consumer = reader(environment["KAFKA_BOOTSTRAP_SERVERS"])
    with (
        connect(environment["CLICKHOUSE_URL"]) as client,
        Keys(environment["DATABASE_URL"]) as keys,
    ):
        work = Replay(client, consumer, keys, ORDERS, SMALL)
        spans = work.begin(Asked())
        calls = iter(range(cells))

        def told(_: int) -> None:
            if next(calls, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        work.run(spans, told)


def test_a_killed_replay_goes_on_with_its_range_and_doubles_nothing(
    filled: Feed,
    environment: dict[str, str],
    consumer: Consumer,
    warehouse: Client,
    keys: Keys,
) -> None:
    for cells in (2, 5, 1):
        process = multiprocessing.get_context("spawn").Process(
            target=_killed_after, args=(environment, cells)
        )
        process.start()
        process.join(DEADLINE_S)
        assert process.exitcode == -signal.SIGKILL
        filled.produce(8)
    work = Replay(warehouse, consumer, keys, ORDERS, SMALL)
    done: list[int] = []
    spans = work.begin(Asked())
    found = work.run(spans, done.append)
    assert (found.rows, found.raw_rows, found.differences) == (COUNT, COUNT, [])
    assert sum(done) == sum(span.count for span in spans.values())
    ((rows, places),) = warehouse.query(
        "SELECT count(), uniqExact(_partition, _offset) FROM replayed.orders"
    ).result_rows
    assert (rows, places) == (COUNT, COUNT)
    with pytest.raises(OtherRangeError, match=r"range: replayed\.orders was begun with"):
        work.begin(Asked(until=9))


def test_part_of_a_topic_by_offsets_times_and_partitions(filled: Feed, command: Command) -> None:
    part = _answer(command("--from", "50", "--until", "120", "--partition", "2", "--json"))
    assert part["spans"] == {"2": {"first": 50, "end": 120}}
    assert (part["differences"], 0 < part["rows"] <= 70) == ([], True)
    assert "was begun with" in _said(command("--from", "50"))
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    whole = _answer(command("--from", since, "--until", soon, "--anew", "--json"))
    assert (whole["rows"], whole["differences"]) == (COUNT, [])
    nothing = _answer(command("--from", soon, "--anew", "--json"))
    assert (nothing["rows"], nothing["raw_rows"]) == (0, 0)
    assert "partition: eco.orders.v1 has none of number 77" in _said(
        command("--partition", "77", "--anew")
    )
    assert "neither an offset nor an instant" in _said(command("--from", "noon"), 2)


def test_a_range_that_retention_has_cut_is_refused_by_name(
    filled: Feed, command: Command, environment: dict[str, str]
) -> None:
    admin = AdminClient({"bootstrap.servers": environment["KAFKA_BOOTSTRAP_SERVERS"]})
    for outcome in admin.delete_records([TopicPartition(ORDERS.value, 1, 40)]).values():
        outcome.result()
    refused = "eco.orders.v1/1 begins with offset 40; offsets {} to 39 were deleted by retention"
    assert refused.format(7) in _said(command("--from", "7"))
    assert refused.format(0) in _said(command("--from", "2020-01-01T00:00:00Z"))
    left = _answer(command("--json"))
    assert left["spans"]["1"]["first"] == 40
    assert (left["differences"], left["rows"] < COUNT) == ([], True)
