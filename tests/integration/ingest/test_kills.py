"""Whatever is killed, and wherever: every event is in the warehouse once."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import OperationalError
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from urllib3.exceptions import HTTPError

from deploy.local.stack import Stack
from storefront_api.events import Topic
from tests.integration.ingest.conftest import SinkProcess, until
from tests.integration.ingest.feed import Feed, count

POINTS = ("fetched", "pending", "inserting", "first inserted", "inserted", "committed")


@pytest.mark.parametrize("seed", [1])
def test_killed_at_each_point_in_turn_it_loses_and_doubles_nothing(
    seed: int, sink: SinkProcess, feed: Feed, warehouse: Client
) -> None:
    source = random.Random(seed)
    repeated = 0
    feed.produce(3000, transaction=150)
    for point in source.sample(POINTS, len(POINTS)):
        feed.produce(2000, transaction=source.choice((0, 100)))
        feed.produce(100, transaction=50, abort=True)
        sink.start(point, times=source.randrange(1, 3))
        assert sink.wait() == -signal.SIGKILL
        repeated += point not in {"fetched", "committed"}
    sink.start()
    until(lambda: feed.arrived(warehouse), "everything is there")
    assert sink.end() == 0
    assert sink.log().count("repeating a pending cut") >= repeated
    feed.check(warehouse)


def test_a_range_that_was_inserted_and_not_committed_is_recognized(
    sink: SinkProcess, feed: Feed, warehouse: Client
) -> None:
    feed.produce(800)
    sink.start("inserted")
    assert sink.wait() == -signal.SIGKILL
    before = count(warehouse, Topic.ORDERS), count(warehouse, Topic.CLICKSTREAM)
    assert sum(before) > 0
    # More has come meanwhile: the range must be repeated in its own bounds, not extended.
    feed.produce(800, transaction=7)
    sink.start()
    until(lambda: feed.arrived(warehouse), "everything is there")
    assert sink.end() == 0
    feed.check(warehouse)


@pytest.mark.parametrize("deleted", [50, 100])
def test_of_a_pending_cut_what_is_still_in_kafka_is_inserted_and_what_is_not_holds_nothing_up(
    deleted: int, sink: SinkProcess, feed: Feed, warehouse: Client
) -> None:
    feed.produce(800)
    sink.start("pending")
    assert sink.wait() == -signal.SIGKILL
    # Each partition has a hundred orders; of the first some are deleted, or all.
    admin = AdminClient({"bootstrap.servers": feed.bootstrap})
    gone = TopicPartition(Topic.ORDERS.value, 0, deleted)
    for outcome in admin.delete_records([gone]).values():
        outcome.result()
    sink.start()
    until(
        lambda: (
            count(warehouse, Topic.ORDERS) == 400 - deleted
            and count(warehouse, Topic.CLICKSTREAM) == 400
        ),
        "the rest is there",
    )
    assert sink.end() == 0
    assert "repeating a pending cut" in sink.log()


@pytest.mark.parametrize("service", ["kafka", "warehouse"])
def test_a_server_that_is_killed_in_the_middle_is_caught_up_with(
    service: str,
    own_stack: Stack,
    new_sink: Callable[..., SinkProcess],
    feed: Feed,
    warehouse: Client,
) -> None:
    sink = new_sink(rows=300)
    sink.start()
    producing = threading.Thread(target=feed.produce, args=(12_000,))
    producing.start()
    until(lambda: count(warehouse, Topic.ORDERS) > 0, "it is in the middle")
    # Its supervisor starts it again.
    own_stack.kill(service)
    producing.join()
    until(lambda: arrived(feed, warehouse), "everything is there")
    assert sink.running
    assert sink.end() == 0
    feed.check(warehouse)


def arrived(feed: Feed, warehouse: Client) -> bool:
    try:
        return feed.arrived(warehouse)
    except (OperationalError, HTTPError):
        return False


def test_told_to_stop_it_inserts_what_it_has_and_leaves_nothing_pending(
    sink: SinkProcess, feed: Feed, warehouse: Client
) -> None:
    sink.start()
    feed.produce(3000)
    until(lambda: count(warehouse, Topic.ORDERS) > 0, "it is at work")
    assert sink.end() == 0
    sink.start()
    feed.produce(100)
    until(lambda: feed.arrived(warehouse), "everything is there")
    assert sink.end() == 0
    assert "repeating" not in sink.log()
    feed.check(warehouse)


def test_it_ends_when_told_while_the_warehouse_is_stuck_and_its_range_is_not_lost(
    own_stack: Stack, sink: SinkProcess, feed: Feed, warehouse: Client
) -> None:
    (pid,) = (s.pid for s in own_stack.status() if s.name == "warehouse")
    assert pid is not None
    sink.start()
    feed.produce(500)
    until(lambda: feed.arrived(warehouse), "it is at work")
    until(lambda: sink.reached()[-1] == "committed", "nothing is under way")
    seen = len(sink.reached())
    os.kill(pid, signal.SIGSTOP)
    try:
        feed.produce(500)
        until(lambda: "inserting" in sink.reached()[seen:], "a range is pending")
        assert sink.end() == 0
        assert "left pending" in sink.log()
    finally:
        os.kill(pid, signal.SIGCONT)
    sink.start()
    until(lambda: feed.arrived(warehouse), "everything is there")
    assert sink.end() == 0
    feed.check(warehouse)
