"""Whatever is killed, and whenever: what was acknowledged is in the warehouse and behind it, once.

Pages click and tills sell while processes are killed at random moments, one or two at a time. Then
the log is compared with what was acknowledged, the raw tables with the log message by message, and
what is derived from them (materialized views, the online store, incremental marts) with both.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import valkey
from clickhouse_connect.driver.client import Client

from deploy.local.stack import Stack
from models.features.online import velocity_key, velocity_member
from pipelines.dbt_command import dbt
from pipelines.ingest.topics import PARTITIONS
from pipelines.warehouse import connect
from storefront_api.events import Topic
from tests.integration import plain
from tests.integration.dbt.conftest import WITHOUT_TESTS
from tests.integration.stack.traffic import Traffic
from tests.integration.storefront.topics import messages

logger = logging.getLogger(__name__)

KILLS = int(os.environ.get("ECOMARKET_CHAOS_KILLS", "6"))
SEED = int(os.environ.get("ECOMARKET_CHAOS_SEED", "20261126"))
KILLED = ("storefront", "kafka", "sink", "stream", "warehouse", "relay")
LONGEST_PAUSE_S = 2.0
MARTS = ("+fct_orders", "+fct_sessions")
SPOOLED = "ecomarket_collect_spool_bytes"
Until = Callable[[Callable[[], bool], str], None]
Message = tuple[int, int]
"""Partition and offset."""


def victims(source: random.Random) -> list[str]:
    """Return whom to kill, each about as often as the others, in random order."""
    rounds = [source.sample(KILLED, len(KILLED)) for _ in range(KILLS // len(KILLED) + 1)]
    return [service for each in rounds for service in each][:KILLS]


async def kill(stack: Stack, doomed: list[str], source: random.Random) -> None:
    """Kill one or two processes after a random pause, heal them, and so on."""
    left = doomed
    while left:
        together = source.choice((1, 1, 2))
        for service in dict.fromkeys(left[:together]):
            await asyncio.sleep(source.uniform(0, LONGEST_PAUSE_S))
            await asyncio.to_thread(stack.kill, service)
        await asyncio.to_thread(stack.up, KILLED)
        logger.info("killed and healed: %s; %d to go", left[:together], len(left[together:]))
        left = left[together:]


async def attack(stack: Stack, traffic: Traffic, doomed: list[str], source: random.Random) -> None:
    """Kill while there is traffic."""
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(traffic.run(over))
        try:
            await kill(stack, doomed, source)
        finally:
            over.set()


def log_of(servers: str, topic: Topic) -> Counter[Message]:
    """Return the committed messages of a topic."""
    read = messages(servers, [topic.value], PARTITIONS)
    return Counter((int(each.partition() or 0), int(each.offset() or 0)) for each in read)


def unsent(environment: Mapping[str, str]) -> int:
    """Return what the store still has to send: rows of the outbox and bytes of the spool."""

    async def rows() -> int:
        connection = await asyncpg.connect(environment["DATABASE_URL"])
        try:
            return int(await connection.fetchval("SELECT count(*) FROM outbox"))
        finally:
            await connection.close()

    metrics = plain.get(f"{environment['STOREFRONT_URL']}/metrics").text.splitlines()
    (spooled,) = (float(line.split()[1]) for line in metrics if line.startswith(f"{SPOOLED} "))
    return asyncio.run(rows()) + int(spooled)


def raw(client: Client, topic: Topic) -> list[Message]:
    """Return the messages that a raw table has."""
    query = f"SELECT _partition, _offset FROM raw.{topic.module}"
    return [(row[0], row[1]) for row in client.query(query).result_rows]


def ids(client: Client, query: str) -> Counter[str]:
    """Return how often a query tells each id."""
    return Counter(str(row[0]) for row in client.query(query).result_rows)


def check_raw(client: Client, logs: Mapping[Topic, Counter[Message]]) -> None:
    """Compare the raw tables with the log, and the views behind them with the tables."""
    for topic, log in logs.items():
        assert Counter(raw(client, topic)) == log, topic
        (seen,) = client.query(
            "SELECT sum(rows) FROM raw.touched_days WHERE module = {module:String}",
            parameters={"module": topic.module},
        ).result_rows
        assert seen[0] == len(log), topic
        if topic is not Topic.CLICKSTREAM:
            events = ids(client, f"SELECT event_id FROM raw.{topic.module}")
            assert set(events.values()) <= {1}, topic


def in_online_store(url: str, sold: Mapping[str, tuple[str, int]]) -> bool:
    """Tell whether the online store knows each shopper's orders, and no others."""
    orders: dict[str, set[str]] = defaultdict(set)
    for order_id, (subject, total_minor) in sold.items():
        orders[velocity_key("shopper", subject)].add(velocity_member(order_id, total_minor))
    with valkey.Valkey.from_url(url, decode_responses=True) as store:
        known: Any = {key: set(store.zrange(key, 0, -1)) for key in orders}
    return bool(known == orders)


def check_marts(url: str, target: Path, days: tuple[date, date], traffic: Traffic) -> None:
    """Build the marts' days and compare them with what was acknowledged."""
    dbt(url, target, "run", "--select", *MARTS, days=days)
    with connect(url) as client:
        orders = ids(client, "SELECT order_id FROM marts.fct_orders")
        assert orders == Counter(traffic.sold.keys())
        clicks = ids(client, "SELECT event_id FROM staging.stg_clickstream__clicks")
        assert clicks == Counter(traffic.clicked)
        (summed,) = client.query("SELECT sum(clicks) FROM marts.fct_sessions").result_rows
        assert summed[0] == len(traffic.clicked)


@pytest.mark.timeout(300 + 60 * KILLS)
def test_what_was_acknowledged_arrives_once_whatever_is_killed(
    own: Stack, until: Until, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "httpx")
    own.up(KILLED)
    environment = own.environment()
    source = random.Random(SEED)
    traffic = Traffic(environment, SEED)
    begun = datetime.now(UTC).date()
    doomed = victims(source)
    half = KILLS // 2
    asyncio.run(attack(own, traffic, doomed[:half], source))
    days = (begun, datetime.now(UTC).date() + timedelta(days=1))
    # What stands in the marts already is to be brought up to date, not doubled.
    build = ("build", "--select", *MARTS, *WITHOUT_TESTS)
    dbt(environment["CLICKHOUSE_URL"], tmp_path, *build, days=days)
    asyncio.run(attack(own, traffic, doomed[half:], source))
    days = (begun, datetime.now(UTC).date() + timedelta(days=1))
    until(lambda: unsent(environment) == 0, "the store has sent everything")

    servers = environment["KAFKA_BOOTSTRAP_SERVERS"]
    logs = {topic: log_of(servers, topic) for topic in Topic}
    with connect(environment["CLICKHOUSE_URL"]) as client:
        until(
            lambda: all(len(raw(client, topic)) >= len(log) for topic, log in logs.items()),
            "the warehouse has the whole log",
        )
        check_raw(client, logs)
        clicks = ids(client, "SELECT event_id FROM raw.clickstream")
        placed = "SELECT JSONExtractString(data, 'order_id') FROM raw.orders"
        orders = ids(client, f"{placed} WHERE type = 'order_completed'")
    assert clicks.keys() == traffic.clicked
    assert orders == Counter(traffic.sold.keys())
    until(
        lambda: in_online_store(environment["VALKEY_URL"], traffic.sold),
        "the online store knows every order",
    )
    check_marts(environment["CLICKHOUSE_URL"], tmp_path, days, traffic)
    repeats = clicks.total() - len(clicks)
    logger.info("%d clicks, %d repeats of them, %d orders", len(clicks), repeats, len(orders))
