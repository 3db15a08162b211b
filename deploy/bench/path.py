"""The whole path, from a request to the collector to a row that queries see, at a fixed rate.

A store, a broker, a sink and a warehouse of its own. Requests of 50 clicks leave by a schedule,
whatever becomes of those before, and each event says when it was to leave: so a collector that
falls behind makes events older, and not fewer. What is read at the end are the rows themselves.
Then a few events a second go to a topic of many partitions, where each insert has little to take.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count

import psutil
from clickhouse_connect.driver.client import Client
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions
from rich.console import Console

from deploy.bench._clicks import INSTANT, Stencil, click
from deploy.bench._load import Pool, request
from deploy.bench._private_stack import private_services
from deploy.bench.result import Aim, BenchError, BenchResult, Curve
from deploy.local.settings import Port
from deploy.local.stack import Stack
from pipelines.warehouse import connect
from storefront_api.events import Topic

RATE_PER_S = 50_000
BATCH = 50
SECONDS = 400
"""So that 20 million events go through."""
WARM_UP_S = 60
"""Not counted in freshness: a new broker compiles itself for half a minute, and on two cores the
rest waits for it. Five minutes and more are left."""
WORKERS = 64
SAMPLE_EVERY_S = 5.0
CATCH_UP_S = 300.0
MOST_GROWTH = 1.1
"""Memory at the end, in what it was after a fifth of the time."""
FEW_PER_S, MANY_PARTITIONS, FEW_FOR_S = 100, 50, 60
PARTS = 16
FRESHNESS = {"p50": 1.0, "p99": 2.0}
WATCHED = ("storefront", "sink", "kafka", "warehouse")


def run(seed: int) -> BenchResult:
    """Send, wait until everything is there, and ask the rows how old they were.

    Raises
    ------
    BenchError
        If something is lost or doubled, or does not arrive.
    """
    source = random.Random(seed)
    notes = Console(stderr=True)
    with private_services(["storefront", "sink"]) as stack:
        environment = stack.environment()
        with connect(environment["CLICKHOUSE_URL"]) as client:
            watch = _Watch(stack, notes)
            started = time.time()
            sent = asyncio.run(_send(stack, environment, Stencil(BATCH, source), watch))
            took_s = time.time() - started
            _wait_for(client, sent)
            caught_up_s = time.time() - started - took_s
            _check(client, sent)
            figures = {
                "events": float(sent),
                "events_per_s": sent / took_s,
                "seconds_behind_at_the_end": caught_up_s,
                **_freshness(client, started + WARM_UP_S, "freshness"),
                **watch.figures(sent),
            }
            notes.print(f"{FEW_PER_S} events a second over {MANY_PARTITIONS} partitions")
            few = _few(environment["KAFKA_BOOTSTRAP_SERVERS"], source)
            _wait_for(client, sent + FEW_PER_S * FEW_FOR_S)
            figures |= _freshness(client, few, "few_freshness")
    return _result(seed, figures, watch.curve())


class _Watch:
    """Memory and processor time of the services meanwhile."""

    def __init__(self, stack: Stack, notes: Console) -> None:
        self._notes = notes
        self._processes = {
            each.name: psutil.Process(each.pid)
            for each in stack.status()
            if each.pid is not None and each.name in WATCHED
        }
        self._begun = time.monotonic()
        self._cpu = self._cpu_s()
        self._memory: dict[str, list[tuple[float, float]]] = {n: [] for n in self._processes}

    def _cpu_s(self) -> dict[str, float]:
        times = {name: process.cpu_times() for name, process in self._processes.items()}
        return {name: float(used.user + used.system) for name, used in times.items()}

    async def go_on(self, sent: Sequence[int]) -> None:
        """Take a sample now and then, and say how far it is."""
        while True:
            await asyncio.sleep(SAMPLE_EVERY_S)
            at = time.monotonic() - self._begun
            for name, process in self._processes.items():
                self._memory[name].append((at, process.memory_info().rss / 2**20))
            self._notes.print(f"{at:.0f} s, {len(sent) * BATCH:,} events")

    def figures(self, events: int) -> dict[str, float]:
        """Return CPU an event, and how the sink's memory grew."""
        used = self._cpu_s()
        memory = [mib for _, mib in self._memory["sink"]]
        fifth = max(1, len(memory) // 5)
        before = statistics.median(memory[fifth : 2 * fifth] or memory)
        after = statistics.median(memory[-fifth:])
        return {
            **{
                f"{name}_cpu_us_an_event": (used[name] - self._cpu[name]) / events * 1e6
                for name in self._processes
            },
            "sink_memory_mib": after,
            "sink_memory_growth": after / before,
        }

    def curve(self) -> Curve:
        """Return the memory as it went."""
        return Curve("Memory of the services", "seconds", "MiB", self._memory)


async def _send(
    stack: Stack, environment: Mapping[str, str], stencil: Stencil, watch: _Watch
) -> int:
    """Send by the schedule and return how many events were acknowledged."""
    headers = {"Authorization": f"Bearer {environment['PARTNER_TOKEN']}"}
    per_s = RATE_PER_S / BATCH
    numbers = count()
    sent: list[int] = []
    async with Pool(stack.settings.port(Port.STOREFRONT)) as pool:
        started = time.time()

        async def worker() -> None:
            while (number := next(numbers)) < SECONDS * per_s:
                due = started + number / per_s
                await asyncio.sleep(max(0.0, due - time.time()))
                body = stencil.body(number, _instant(due))
                answer = await pool.ask(request("POST", "/collect", body, headers))
                if not answer.startswith(b'{"accepted":%d,' % BATCH):
                    raise BenchError(f"not everything was accepted: {answer[:300]!r}")
                sent.append(number)

        watching = asyncio.create_task(watch.go_on(sent))
        try:
            await asyncio.gather(*(worker() for _ in range(WORKERS)))
        finally:
            watching.cancel()
    return len(sent) * BATCH


def _instant(at: float) -> str:
    written = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return written.replace("+00:00", "Z")


def _few(bootstrap_servers: str, source: random.Random) -> float:
    """Send a few events a second, each to the next of many partitions; return when it began."""
    topic = Topic.CLICKSTREAM.value
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    for outcome in admin.create_partitions([NewPartitions(topic, MANY_PARTITIONS)]).values():
        outcome.result()
    producer = Producer({"bootstrap.servers": bootstrap_servers})
    while len(producer.list_topics(topic).topics[topic].partitions) < MANY_PARTITIONS:
        time.sleep(0.1)
    # The sink hears of new partitions within ten seconds.
    time.sleep(15)
    started = time.time()
    for number in range(FEW_PER_S * FEW_FOR_S):
        due = started + number / FEW_PER_S
        time.sleep(max(0.0, due - time.time()))
        stated = click(source)[:-1].rstrip()
        at = _instant(due).encode()
        value = b'%s,"received_at":"%s","subject":"","trace_id":""}' % (stated, at)
        value = value.replace(INSTANT.encode(), at)
        producer.produce(topic, value, partition=number % MANY_PARTITIONS)
        producer.poll(0)
    if producer.flush(60):
        raise BenchError("the broker did not acknowledge every event within 60 s")
    return started


def _wait_for(client: Client, rows: int) -> None:
    deadline = time.monotonic() + CATCH_UP_S
    while (found := _count(client)) < rows:
        if time.monotonic() > deadline:
            raise BenchError(f"{found} rows of {rows} are there after {CATCH_UP_S:.0f} s")
        time.sleep(0.2)


def _count(client: Client) -> int:
    return int(client.query("SELECT count() FROM raw.clickstream").result_rows[0][0])


def _check(client: Client, events: int) -> None:
    """Compare rows and ids with what was acknowledged, some of the ids at a time."""
    ids = sum(
        client.query(
            "SELECT uniqExact(event_id) FROM raw.clickstream "
            f"WHERE cityHash64(event_id) % {PARTS} = {part}"
        ).result_rows[0][0]
        for part in range(PARTS)
    )
    if not _count(client) == ids == events:
        raise BenchError(f"{events} events are {_count(client)} rows with {ids} ids")


def _freshness(client: Client, since: float, name: str) -> dict[str, float]:
    """Return from when an event was to leave until its row was there, in seconds.

    A row's own time is that of its insert's beginning, so that the time of an insert, at the same
    percentile, is added to it.
    """
    client.command("SYSTEM FLUSH LOGS")
    parameters = {"since": since}
    aged, inserted = (
        client.query(query, parameters=parameters).result_rows[0][0]
        for query in (
            "SELECT quantiles(0.5, 0.99)(toUnixTimestamp64Milli(ingested_at)"
            " - toUnixTimestamp64Milli(occurred_at)) FROM raw.clickstream"
            " WHERE occurred_at >= fromUnixTimestamp64Milli(toInt64({since:Float64} * 1000))",
            "SELECT quantiles(0.5, 0.99)(duration_ms) FROM warehouse.query_log"
            " WHERE startsWith(query, 'INSERT INTO raw.clickstream')"
            " AND started_at >= fromUnixTimestamp64Milli(toInt64({since:Float64} * 1000))",
        )
    )
    return {
        f"{name}_{percentile}_s": (age + insert) / 1000
        for percentile, age, insert in zip(FRESHNESS, aged, inserted, strict=True)
    }


def _result(seed: int, figures: Mapping[str, float], curve: Curve) -> BenchResult:
    rate = figures["events_per_s"]
    aims = [Aim(f"{RATE_PER_S:,} events/s held for {SECONDS} s", rate, rate >= 0.99 * RATE_PER_S)]
    for kind in ("freshness", "few_freshness"):
        for percentile, most in FRESHNESS.items():
            value = figures[f"{kind}_{percentile}_s"]
            aims.append(Aim(f"{kind} {percentile} below {most:g} s", value, value < most))
    growth = figures["sink_memory_growth"]
    aims.append(
        Aim(
            f"the sink's memory grows less than {MOST_GROWTH:g} times", growth, growth < MOST_GROWTH
        )
    )
    rounded = {name: round(value, 3) for name, value in figures.items()}
    return BenchResult("path", seed, rounded, aims=aims, curve=curve)
