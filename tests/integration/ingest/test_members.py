"""Several processes share the partitions, and take them over from each other."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

import pytest
from clickhouse_connect.driver.client import Client

from storefront_api.events import Topic
from tests.integration.ingest.conftest import SinkProcess, until
from tests.integration.ingest.feed import Feed, count


def test_members_that_come_and_go_under_load_lose_and_double_nothing(
    new_sink: Callable[..., SinkProcess], feed: Feed, warehouse: Client
) -> None:
    first, second, third = (new_sink(rows=200) for _ in range(3))
    first.start()
    producing = threading.Thread(target=feed.produce, args=(15_000,))
    producing.start()
    until(lambda: count(warehouse, Topic.ORDERS) > 0, "the first is at work")
    second.start()
    third.start("inserting")
    producing.join()

    def fed_to_death() -> bool:
        feed.produce(300)
        return not third.running

    until(fed_to_death, "the third got a range and died of it")
    assert third.wait() == -signal.SIGKILL
    assert first.end() == 0
    first.start()
    until(lambda: feed.arrived(warehouse), "everything is there")
    assert (first.end(), second.end()) == (0, 0)
    feed.check(warehouse)


def test_a_member_that_was_frozen_and_replaced_wakes_up_and_does_no_harm(
    new_sink: Callable[..., SinkProcess], feed: Feed, warehouse: Client
) -> None:
    frozen, other = new_sink(rows=200), new_sink(rows=200)
    frozen.start()
    feed.produce(4000)
    until(lambda: count(warehouse, Topic.ORDERS) > 0, "it is in the middle")
    frozen.send(signal.SIGSTOP)
    feed.produce(2000)
    other.start()
    # Nobody has the frozen one's share until the broker takes it for dead.
    until(lambda: feed.arrived(warehouse), "the other took over")
    frozen.send(signal.SIGCONT)
    feed.produce(2000)
    until(lambda: feed.arrived(warehouse), "both go on")
    assert other.end() == 0
    feed.produce(1000)
    until(lambda: feed.arrived(warehouse), "the one that was frozen takes over")
    assert frozen.end() == 0
    feed.check(warehouse)


@pytest.mark.parametrize("point", ["pending", "inserted"])
def test_a_pending_cut_whose_partitions_go_to_several_members_goes_in_once(
    point: str, new_sink: Callable[..., SinkProcess], feed: Feed, warehouse: Client
) -> None:
    killed, *others = (new_sink() for _ in range(3))
    feed.produce(900)
    killed.start(point)
    assert killed.wait() == -signal.SIGKILL
    # Both join before the broker takes the killed one for dead, and so share what it had.
    for each in others:
        each.start()
    feed.produce(900, transaction=30)
    until(lambda: feed.arrived(warehouse), "everything is there")
    assert [each.end() for each in others] == [0, 0]
    assert all("repeating a pending cut" in each.log() for each in others)
    feed.check(warehouse)
