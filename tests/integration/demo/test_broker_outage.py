"""A broker that dies in the middle of the bulk import is waited for, and nothing is doubled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from threading import Event, Thread

import pytest

from deploy.demo import history
from deploy.demo.world import World, build
from deploy.local.settings import LocalSettings
from deploy.local.stack import Stack
from pipelines.ingest.topics import PARTITIONS, create_topics
from storefront_api.events import Topic
from tests.integration.storefront.topics import messages


@pytest.fixture(scope="module")
def own_stack(
    tmp_path_factory: pytest.TempPathFactory, stack_settings: Callable[..., LocalSettings]
) -> Iterator[Stack]:
    """A broker to kill."""
    own = Stack(stack_settings(tmp_path_factory.mktemp("outage")))
    try:
        own.up(["kafka"])
        create_topics(own.environment()["KAFKA_BOOTSTRAP_SERVERS"], 1)
        yield own
    finally:
        own.down()


@pytest.fixture(scope="module")
def world() -> World:
    """A small world."""
    return build(0.01)


def test_an_import_goes_on_after_its_broker_was_killed(
    own_stack: Stack, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "CHUNK", 60)
    monkeypatch.setattr(history, "STUCK_S", 10.0)
    servers = own_stack.environment()["KAFKA_BOOTSTRAP_SERVERS"]
    middle = Event()

    def break_it() -> None:
        middle.wait()
        own_stack.kill("kafka")
        own_stack.up(["kafka"])

    breaker = Thread(target=break_it)
    breaker.start()
    told: list[tuple[int, int]] = []

    def tell(baskets: int, events: int) -> None:
        told.append((baskets, events))
        if baskets > world.history_count // 3:
            middle.set()

    sent = history.import_history(world, servers, tell)
    breaker.join()
    assert told[-1] == (world.history_count, sent)
    orders = Counter(each.value() for each in messages(servers, [Topic.ORDERS.value], PARTITIONS))
    assert len(orders) == world.history_count
    assert set(orders.values()) == {1}
    clicks = messages(servers, [Topic.CLICKSTREAM.value], PARTITIONS)
    assert sent == len(orders) + len(clicks)
