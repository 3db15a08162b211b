"""Events a second from Kafka into the warehouse: the sink, and others beside it.

A broker and a warehouse of its own. In each round new orders and clicks are produced, and then the
sink and each peer take turns to bring all of them in, from joining the group to the last commit.
The sink checks every event against its contract, writes down ranges, and feeds the view behind each
raw table; the peers do none of it. The limit is the engine alone: the same rows as ready blocks of
its own format, without Kafka, inserted into a table without a view.

Kafka Connect with ClickHouse's connector is a peer where `ECOMARKET_BENCH_CONNECTOR` names an
unpacked release of it, which is on no registry. It has joined its group before it is measured.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from clickhouse_connect.driver.client import Client
from confluent_kafka import Producer

from deploy.bench._connect_peer import Peer
from deploy.bench._connect_peer import connect as connect_peers
from deploy.bench._events import events
from deploy.bench._plain_loop import COLUMNS, SETTINGS, Put, consume, put_lines, put_rows, row
from deploy.bench._private_stack import private_stack
from deploy.bench.result import Aim, BenchError, BenchResult, Curve
from pipelines.ingest.batch import Batch, Collector
from pipelines.ingest.consumer import Limits, Sink
from pipelines.ingest.contract import Contract
from pipelines.ingest.dead_letters import DeadLetterTopic
from pipelines.ingest.topics import PARTITIONS, create_topics
from pipelines.ingest.writer import Writer
from pipelines.keys import Keys
from pipelines.settings import Settings
from pipelines.warehouse import connect, migrate
from storefront_api.events import Topic

ROUNDS = 5
EVENTS = 300_000
"""In one round, so a million and a half in all."""
CONNECTOR = "ECOMARKET_BENCH_CONNECTOR"
"""Names the environment variable with the connector's folder."""
TOPICS = (Topic.ORDERS, Topic.CLICKSTREAM)
SMALL_BATCH = 1_000
NATIVE = "native_blocks"
CONNECT = "kafka_connect"
AIMS = {"plain_loop": 1.5, "msgspec_loop": 1.8, CONNECT: 1.0, NATIVE: 0.6}
"""The sink's rate at least, in those of the peers whose names begin so."""
FLUSHES = 5
FLUSH_ROWS = (1, 10, 100, 1_000, 10_000, 50_000, 100_000)


class MissingEventsError(BenchError):
    """What was counted in the warehouse is not what was produced, so no figure counts."""


def run(seed: int) -> BenchResult:
    """Measure, and return medians over the rounds.

    Raises
    ------
    MissingEventsError
        If the sink or a peer lost or doubled something.
    """
    source = random.Random(seed)
    with private_stack(["kafka", "warehouse"]) as environment:
        bootstrap = environment["KAFKA_BOOTSTRAP_SERVERS"]
        url = environment["CLICKHOUSE_URL"]
        create_topics(bootstrap, 1)
        with connect(url) as client:
            _tables(client)
            with _connectors(bootstrap, url, client) as peers:
                rates = _rates(bootstrap, url, client, source, peers)
            latencies = _latencies(client, source)
    return _result(seed, rates, latencies)


def _tables(client: Client) -> None:
    migrate(client)
    client.command("CREATE DATABASE peer")
    for topic in TOPICS:
        for table in (topic.module, f"{NATIVE}_{topic.module}"):
            client.command(f"CREATE TABLE peer.{table} AS raw.{topic.module}")


@contextmanager
def _connectors(bootstrap: str, url: str, client: Client) -> Iterator[list[Peer]]:
    connector = os.environ.get(CONNECTOR)
    if not connector:
        yield []
        return
    with (
        tempfile.TemporaryDirectory(prefix="ecomarket-connect-") as folder,
        connect_peers(Path(connector), bootstrap, url, client, Path(folder)) as peers,
    ):
        yield peers


def _rates(
    bootstrap: str, url: str, client: Client, source: random.Random, peers: Sequence[Peer]
) -> dict[str, list[float]]:
    limit = Limits().rows

    def sink() -> None:
        _sink(bootstrap, url)

    def loop(name: str, put: Put, batch: int) -> Callable[[], None]:
        topics = [topic.value for topic in TOPICS]
        return lambda: consume(bootstrap, client, topics, name, EVENTS, batch, put)

    loops = (("plain_loop", put_rows, SMALL_BATCH), ("plain_loop", put_rows, limit))
    contestants: dict[str, Callable[[], None]] = {"sink": sink}
    for name, put, batch in (*loops, ("msgspec_loop", put_lines, limit)):
        contestants[f"{name}_{batch}"] = loop(f"{name}_{batch}", put, batch)
    names_of_peers = [peer.name for peer in peers]
    rates: dict[str, list[float]] = {name: [] for name in (*contestants, *names_of_peers, NATIVE)}
    blocks: list[tuple[str, bytes]] = []
    for number in range(ROUNDS):
        _produce(bootstrap, source)
        names = list(contestants)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            started = time.perf_counter()
            contestants[name]()
            rates[name].append(EVENTS / (time.perf_counter() - started))
        _check(client, (number + 1) * EVENTS, loops=len(contestants) - 1)
        for peer in peers:
            rates[peer.name].append(EVENTS / peer.move((number + 1) * EVENTS))
        blocks = blocks or _blocks(client, limit)
        started = time.perf_counter()
        for table, block in blocks:
            client.raw_insert(table, insert_block=block, fmt="Native", settings=SETTINGS)
        rates[NATIVE].append(EVENTS / (time.perf_counter() - started))
    return rates


def _blocks(client: Client, limit: int) -> list[tuple[str, bytes]]:
    """Return a round's rows as blocks of the engine's own format, each with its table."""
    found = []
    for topic in TOPICS:
        (rows,) = client.query(f"SELECT count() FROM raw.{topic.module}").result_rows[0]
        for first in range(0, rows, limit):
            query = (
                f"SELECT * FROM raw.{topic.module} ORDER BY _partition, _offset "
                f"LIMIT {first}, {limit}"
            )
            block = client.raw_query(query, fmt="Native", settings={"max_block_size": limit})
            found.append((f"peer.{NATIVE}_{topic.module}", block))
    return found


def _sink(bootstrap: str, url: str) -> None:
    stop = threading.Event()
    with connect(url) as client:
        writer = _CountingWriter(client)

        def at(point: str) -> None:
            if point == "committed" and writer.rows >= EVENTS:
                stop.set()

        # Nothing that this sends is sealed, so that no key is ever asked for.
        keys = Keys(Settings().database_url)
        letters = DeadLetterTopic(bootstrap, keys)
        Sink(bootstrap, writer, keys, letters, at=at, group="bench").run(stop)


class _CountingWriter(Writer):
    rows = 0

    def write(self, batch: Batch) -> None:
        super().write(batch)
        self.rows += batch.events


def _produce(bootstrap: str, source: random.Random) -> None:
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "linger.ms": 20,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 2 * EVENTS,
        }
    )
    for topic, payload, key in events(source, EVENTS):
        producer.produce(topic.value, value=payload, key=key)
    if producer.flush(120):
        raise MissingEventsError("the broker did not acknowledge every event within 120 s")


def _check(client: Client, expected: int, loops: int) -> None:
    counts = {"raw": expected, "peer": loops * expected}
    for database, wanted in counts.items():
        parts = (f"(SELECT count() FROM {database}.{topic.module})" for topic in TOPICS)
        (found,) = client.query(f"SELECT {' + '.join(parts)}").result_rows[0]
        if found != wanted:
            raise MissingEventsError(f"{database}: {found} rows instead of {wanted}")


def _latencies(client: Client, source: random.Random) -> dict[str, list[tuple[int, float]]]:
    """Return the median milliseconds of one insert by its rows, decoded messages to answer."""
    payloads = [p for topic, p, _ in events(source, 150_000) if topic is Topic.CLICKSTREAM]
    writer, contract = Writer(client), Contract(Topic.CLICKSTREAM)
    first = PARTITIONS * 10**9
    curves: dict[str, list[tuple[int, float]]] = {"sink": [], "plain_loop": []}
    for rows in FLUSH_ROWS:
        ours, theirs = [], []
        for _ in range(FLUSHES):
            collector = Collector(contract)
            collector.add(payloads[:rows], [0] * rows, range(first, first + rows))
            first += rows
            batch = collector.take()
            ours.append(_milliseconds(partial(writer.write, batch)))
            decoded = [row(payload, "eco.clickstream.v1", 0, 0) for payload in payloads[:rows]]
            insert = partial(
                client.insert,
                "peer.clickstream",
                decoded,
                column_names=COLUMNS,
                settings=SETTINGS,
            )
            theirs.append(_milliseconds(insert))
        curves["sink"].append((rows, statistics.median(ours)))
        curves["plain_loop"].append((rows, statistics.median(theirs)))
    return curves


def _milliseconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def _result(
    seed: int,
    rates: dict[str, list[float]],
    latencies: dict[str, list[tuple[int, float]]],
) -> BenchResult:
    medians = {name: statistics.median(values) for name, values in rates.items()}
    flushes = {
        name: {f"flush_{rows}_rows_ms": ms for rows, ms in points}
        for name, points in latencies.items()
    }
    ours = medians.pop("sink")
    peers: dict[str, dict[str, float]] = {
        name: {"events_per_s": rate} for name, rate in medians.items()
    }
    peers[f"plain_loop_{SMALL_BATCH}"] |= flushes["plain_loop"]
    ratios = {f"events_per_s_to_{name}": ours / rate for name, rate in medians.items()}
    return BenchResult(
        bench="ingest",
        seed=seed,
        figures={"events_per_s": ours, **_spread(rates["sink"]), **flushes["sink"]},
        peers=peers,
        ratios=ratios,
        aims=[_aim(name, ratio) for name, ratio in ratios.items()],
        curve=Curve(
            "One insert, decoded messages to the warehouse's answer",
            "rows in the insert",
            "milliseconds (median)",
            latencies,
        ),
    )


def _aim(name: str, ratio: float) -> Aim:
    peer = name.removeprefix("events_per_s_to_")
    (least,) = (aim for kind, aim in AIMS.items() if peer.startswith(kind))
    return Aim(f"{name} at least {least}", ratio, ratio >= least)


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"slowest_round_events_per_s": min(values), "fastest_round_events_per_s": max(values)}
