"""A broker, a warehouse and subjects' keys that these tests alone use, empty for each of them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from confluent_kafka.admin import AdminClient

from deploy.local.settings import LocalSettings
from deploy.local.stack import Stack
from pipelines.ingest.topics import create_topics
from pipelines.keys import Keys
from pipelines.warehouse import connect, migrate
from storefront_api.events import DEAD_LETTERS, RESENT_LETTERS, Topic
from storefront_api.migrate import migrate as store_migrated
from tests.integration.forking import Child, nursery
from tests.integration.ingest.feed import Feed

DEADLINE_S = 90.0
ROOT = Path(__file__).resolve().parents[3]
IMPORTED = ("pipelines.ingest.consumer", "pipelines.ingest.writer", "pipelines.settings")
"""By the sinks."""


def until(true: Callable[[], bool], what: str, within_s: float = DEADLINE_S) -> None:
    """Poll until something is true."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        time.sleep(0.05)


class SinkProcess:
    """The sink as a process, which may be made to kill itself at a named point."""

    def __init__(self, environment: dict[str, str], group: str, log: Path, rows: int) -> None:
        self._environment = os.environ | environment
        self._group = group
        self._log = log
        self._rows = rows
        self._process: Child | None = None
        self._starts = 0

    @property
    def group(self) -> str:
        """Its consumer group."""
        return self._group

    def start(self, point: str = "never", times: int = 1) -> None:
        """Start it, to be killed when it gets to a point for the n-th time."""
        self._starts += 1
        command = ["tests.integration.ingest.killable", self._group]
        self._process = nursery(*IMPORTED).start(
            [*command, str(self._rows), point, str(times)], ROOT, self._environment, self._log
        )

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for its end and return its exit status."""
        assert self._process is not None
        return self._process.wait(DEADLINE_S)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, once it is heard, and wait for the end."""
        until(lambda: self.log().count("ready to be stopped") >= self._starts, "it can be stopped")
        self.send(number)
        return self.wait()

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def reached(self) -> list[str]:
        """Return the points that it got to, in order."""
        return re.findall(r'"point": "([a-z ]+)"', self.log())

    def log(self) -> str:
        """Return what it logged so far."""
        return self._log.read_text("utf-8")


@pytest.fixture(scope="session")
def own_stack(
    stack_settings: Callable[..., LocalSettings], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Kafka, a warehouse and a store's database to break."""
    stack = Stack(stack_settings(tmp_path_factory.mktemp("ingest"), warehouse_memory_mb=2048))
    try:
        stack.up(["kafka", "warehouse", "postgres"])
        asyncio.run(store_migrated(stack.environment()["DATABASE_URL"]))
        yield stack
    finally:
        stack.down()


@pytest.fixture
def environment(own_stack: Stack) -> dict[str, str]:
    """How clients reach both, once there is nothing in them."""
    found = own_stack.environment()
    bootstrap = found["KAFKA_BOOTSTRAP_SERVERS"]
    admin = AdminClient({"bootstrap.servers": bootstrap})
    topics = [*map(str, Topic), DEAD_LETTERS, RESENT_LETTERS]
    present = [name for name in admin.list_topics(timeout=30).topics if name in topics]
    if present:
        for outcome in admin.delete_topics(present, operation_timeout=30).values():
            outcome.result()
        until(
            lambda: not set(topics) & set(admin.list_topics(timeout=30).topics),
            "the topics are gone",
        )
    create_topics(bootstrap, 1)
    with connect(found["CLICKHOUSE_URL"]) as client:
        # Tokens are made of offsets, and these begin at 0 again.
        client.command("DROP DATABASE IF EXISTS raw SYNC")
        migrate(client)
    return found


@pytest.fixture
def warehouse(environment: dict[str, str]) -> Iterator[Client]:
    """A connection to the warehouse, raw tables migrated and empty."""
    with connect(environment["CLICKHOUSE_URL"]) as client:
        yield client


@pytest.fixture
def keys(environment: dict[str, str]) -> Iterator[Keys]:
    """The keys of subjects."""
    with Keys(environment["DATABASE_URL"]) as found:
        yield found


@pytest.fixture
def feed(environment: dict[str, str]) -> Feed:
    """A source of events."""
    return Feed(environment["KAFKA_BOOTSTRAP_SERVERS"])


@pytest.fixture
def new_sink(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., SinkProcess]]:
    """Make sinks of one consumer group, none of them started."""
    group = f"sink-{uuid.uuid4().hex[:8]}"
    made: list[SinkProcess] = []

    def new(rows: int = 1000) -> SinkProcess:
        log = tmp_path / f"sink{len(made)}.log"
        made.append(SinkProcess(environment, group, log, rows))
        return made[-1]

    yield new
    for sink in made:
        if sink.running:
            sink.end(signal.SIGKILL)


@pytest.fixture
def sink(new_sink: Callable[..., SinkProcess]) -> SinkProcess:
    """One sink, not started."""
    return new_sink()
