"""The stream as its own process, on real Kafka and a database of Valkey for each test."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import valkey

from pipelines.ingest.topics import create_topics
from pipelines.stream.store import connect
from storefront_api.migrate import migrate
from tests.integration.forking import Child, nursery

DEADLINE_S = 60.0
ROOT = Path(__file__).resolve().parents[3]
IMPORTED = ("pipelines.stream.consume", "pipelines.settings")
"""By the stream."""


def until(true: Callable[[], bool], what: str, within_s: float = DEADLINE_S) -> None:
    """Poll until something is true."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        time.sleep(0.02)


class StreamProcess:
    """`python -m pipelines.stream`, to be started, killed and asked for its metrics."""

    def __init__(self, bootstrap: str, url: str, keys_url: str, log: Path) -> None:
        self._environment = os.environ | {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "VALKEY_URL": url,
            "DATABASE_URL": keys_url,
            "METRICS_PORT": "0",
        }
        self._log = log
        self._process: Child | None = None

    def start(self) -> None:
        """Start it; it need not be ready yet."""
        start = nursery(*IMPORTED).start
        self._process = start(["pipelines.stream"], ROOT, self._environment, self._log)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait, and return the exit status."""
        assert self._process is not None
        self._process.send_signal(number)
        status = self._process.wait(30)
        self._process = None
        return status

    @property
    def running(self) -> bool:
        """Whether it was started and not ended since."""
        return self._process is not None and self._process.poll() is None

    def metrics(self) -> str:
        """Return its metrics page, empty while it has not said where that is."""
        ports = [entry["port"] for entry in self.entries("metrics are served")]
        if not ports:
            return ""
        page = urllib.request.urlopen(f"http://127.0.0.1:{ports[-1]}/metrics")
        return str(page.read().decode())

    def entries(self, event: str) -> list[dict[str, Any]]:
        """Return what it logged of one kind."""
        whole = [line for line in self.log().splitlines() if line.startswith("{")]
        return [entry for entry in map(json.loads, whole) if entry.get("event") == event]

    def log(self) -> str:
        """Return what it logged so far."""
        return self._log.read_text() if self._log.exists() else ""


@pytest.fixture(scope="session")
def online_store_url(valkey_url: str) -> str:
    """A database that only the stream's tests use."""
    return f"{valkey_url.rpartition('/')[0]}/3"


@pytest.fixture(scope="session")
def broker(kafka_bootstrap: str) -> str:
    """host:port of a broker that has the topics."""
    create_topics(kafka_bootstrap, 1)
    return kafka_bootstrap


@pytest.fixture
def run() -> str:
    """Prefix of the names in one test, so that tests share topics without meeting."""
    return uuid.uuid4().hex[:8]


@pytest.fixture
def store(online_store_url: str) -> Iterator[valkey.Valkey]:
    """An empty database."""
    client: Any = connect(online_store_url)
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


@pytest.fixture(scope="module")
def keys_url(postgres_url: str) -> str:
    """A store's database without a key: what other tests left sealed in the topics stays blank."""
    asyncio.run(migrate(postgres_url))
    return postgres_url


@pytest.fixture
def stream(
    broker: str, online_store_url: str, keys_url: str, store: valkey.Valkey, tmp_path: Path
) -> Iterator[StreamProcess]:
    """A stream process that is not yet started."""
    process = StreamProcess(broker, online_store_url, keys_url, tmp_path / "stream.log")
    yield process
    if process.running:
        # It leaves its group: of one that was killed the next would wait for the session's end.
        process.end()
    sys.stderr.write(process.log())
