"""Whatever is killed, and wherever: every event is in Kafka once, and no other is."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import httpx
import pytest

from deploy.local.stack import Stack
from storefront_api.events import Event, Topic
from storefront_api.events.inventory import StockChangedV1
from storefront_api.events.orders import OrderCompletedV3
from tests.integration.storefront.conftest import Database, Worker, until
from tests.integration.storefront.goods import key, line, new_sku, order

POINTS = ("assigned", "produced", "offset sent", "committed")
ReadEvents = Callable[..., list[Event]]
RELAY = "storefront_api.platform.relay"
KILLABLE = "tests.integration.storefront.killable"


def waiting(database: Database) -> int:
    try:
        return int(database.value("SELECT count(*) FROM outbox"))
    except (OSError, asyncpg.PostgresError):
        # Its server was killed and is not back yet.
        return -1


def place(partner: httpx.Client, sku: str, count: int) -> None:
    with ThreadPoolExecutor(8) as threads:
        bodies = [order(line(sku), subject="s-1")] * count
        answers = threads.map(lambda b: partner.post("/orders", json=b, headers=key()), bodies)
        assert {answer.status_code for answer in answers} == {201}


def check(database: Database, events: list[Event], sku: str) -> None:
    """Compare every order and movement of a product with what was published."""
    ids = Counter(event.id for event in events)
    assert {identity: count for identity, count in ids.items() if count > 1} == {}
    orders = "SELECT order_id FROM order_lines WHERE sku = $1"
    told = [
        event.data.order_id
        for event in events
        if isinstance(event, OrderCompletedV3) and event.data.lines[0].sku == sku
    ]
    assert Counter(told) == Counter(row["order_id"] for row in database.rows(orders, sku))
    moved = [
        (movement.delta, movement.on_hand)
        for event in events
        if isinstance(event, StockChangedV1)
        for movement in event.data.movements
        if movement.sku == sku
    ]
    movements = "SELECT delta, on_hand FROM stock_movements WHERE sku = $1"
    assert Counter(moved) == Counter(map(tuple, database.rows(movements, sku)))


def test_killed_at_each_point_it_loses_and_doubles_nothing(
    partner: httpx.Client,
    database: Database,
    new_relay: Callable[[], Worker],
    read_events: ReadEvents,
) -> None:
    sku, relay = new_sku(partner, opening_stock=1000), new_relay()
    for point in (*POINTS, *reversed(POINTS)):
        place(partner, sku, 5)
        relay.start(KILLABLE, point, "1")
        assert relay.wait() == -signal.SIGKILL, point
    place(partner, sku, 5)
    relay.start(RELAY)
    until(lambda: waiting(database) == 0, "the outbox is empty")
    assert relay.end() == 0
    check(database, read_events(Topic.ORDERS, Topic.INVENTORY), sku)


def test_a_second_relay_waits_and_takes_over(
    partner: httpx.Client,
    database: Database,
    new_relay: Callable[[], Worker],
    read_events: ReadEvents,
) -> None:
    sku, first, second = new_sku(partner), new_relay(), new_relay()
    first.start(RELAY)
    until(lambda: '"relaying"' in first.log(), "the first is at work")
    second.start(RELAY)
    until(lambda: "waiting for the other" in second.log(), "the second waits")
    place(partner, sku, 5)
    first.end(signal.SIGKILL)
    place(partner, sku, 5)
    until(lambda: '"relaying"' in second.log(), "the second has taken over")
    until(lambda: waiting(database) == 0, "the outbox is empty")
    assert second.end() == 0
    check(database, read_events(Topic.ORDERS, Topic.INVENTORY), sku)


@pytest.mark.parametrize("service", ["kafka", "postgres"])
def test_a_server_that_is_killed_in_the_middle_is_caught_up_with(
    service: str,
    own_stack: Stack,
    partner: httpx.Client,
    database: Database,
    new_relay: Callable[[], Worker],
    read_events: ReadEvents,
) -> None:
    sku, relay = new_sku(partner, opening_stock=10_000), new_relay()
    relay.start(RELAY)
    until(lambda: '"relaying"' in relay.log(), "it is at work")
    stop = threading.Event()

    def buy() -> None:
        while not stop.is_set():
            header = key()
            body = order(line(sku), subject="s-1")
            # Like a client that repeats under the same key until it gets an answer.
            while partner.post("/orders", json=body, headers=header).status_code == 503:
                stop.wait(0.1)

    buyers = [threading.Thread(target=buy) for _ in range(4)]
    for buyer in buyers:
        buyer.start()
    count = "SELECT count(*) FROM order_lines WHERE sku = $1"
    until(lambda: database.value(count, sku) > 100, "it is in the middle")
    own_stack.kill(service)
    own_stack.up(["postgres", "kafka"])
    before = database.value(count, sku)
    until(lambda: database.value(count, sku) > before + 100, "orders go on")
    stop.set()
    for buyer in buyers:
        buyer.join()

    def relayed() -> bool:
        if not relay.running:
            # Like its supervisor.
            relay.start(RELAY)
        return waiting(database) == 0

    until(relayed, "the outbox is empty")
    assert relay.end() == 0
    check(database, read_events(Topic.ORDERS, Topic.INVENTORY), sku)
