"""The warehouse front as a process of its own, on a free port and a folder of its own."""

from __future__ import annotations

import http.client
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import clickhouse_connect
import pytest

from deploy.local.ports import free_port

USERS = """
[users.default]

[users.analyst]
password = "reads"
readonly = 1

[users.dashboards]
password_sha256 = "38edf99fd46462465404fefea8ac5bd0372e0963c7884c2b9ebfe0a88912c2f7"
readonly = 2
"""
DEADLINE_S = 60.0


def until(true: Callable[[], bool], what: str, within_s: float = DEADLINE_S) -> None:
    """Poll until something is true."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        time.sleep(0.02)


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body without its last line break."""
        return self.body.decode().removesuffix("\n")

    @property
    def code(self) -> int:
        """ClickHouse's error code, 0 for none."""
        return int(self.headers.get("x-clickhouse-exception-code", "0"))


class Warehouse:
    """`python -m deploy.local.warehouse`, to be asked, stopped and killed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "data"
        self.log = folder / "log"
        self._users = folder / "users.toml"
        self._users.write_text(USERS)
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """The command line."""
        options = ["--path", str(self.path), "--port", str(self.port), "--max-memory", "2G"]
        module = [sys.executable, "-m", "deploy.local.warehouse"]
        return [*module, *options, "--users", str(self._users)]

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log)
        until(self.answers, f"the warehouse answers; its log: {self.log.read_text()}")

    def answers(self) -> bool:
        """Tell whether it is up."""
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.get("/ping").body == b"Ok.\n"
        except OSError:
            return False

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait, and return the exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)

    def open(self) -> http.client.HTTPConnection:
        """A connection for a test that reads piece by piece or goes away."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)

    @staticmethod
    def read_broken(answer: http.client.HTTPResponse) -> tuple[bytes, bool]:
        """Read an answer that may break off, and tell whether it ended well."""
        try:
            return answer.read(), True
        except http.client.IncompleteRead as broken:
            return broken.partial, False

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one request on a connection of its own."""
        connection = self.open()
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, names, answer.read())
        finally:
            connection.close()

    def get(self, path: str = "/", **parameters: str) -> Reply:
        """GET with these URL parameters."""
        return self.request("GET", f"{path}?{urlencode(parameters)}" if parameters else path)

    def post(
        self,
        body: bytes | str = b"",
        headers: Mapping[str, str] | None = None,
        /,
        **parameters: str,
    ) -> Reply:
        """POST a body with these URL parameters."""
        content = body.encode() if isinstance(body, str) else body
        return self.request("POST", f"/?{urlencode(parameters)}", content, headers)

    def sql(self, statement: str, **parameters: str) -> str:
        """Run a statement that must succeed and give its TabSeparated answer."""
        reply = self.post(statement, **parameters)
        assert reply.status == 200, reply.text
        return reply.text

    def client(self, **options: Any) -> Any:
        """A client of clickhouse-connect."""
        return clickhouse_connect.get_client(host="127.0.0.1", port=self.port, **options)


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """One warehouse for all tests that do not stop it."""
    server = Warehouse(tmp_path_factory.mktemp("warehouse"))
    server.start()
    yield server
    assert server.end() == 0, server.log.read_text()


@pytest.fixture
def own_warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """A warehouse for a test that stops, kills or restarts it."""
    server = Warehouse(tmp_path)
    server.start()
    yield server
    if server.process is not None and server.process.poll() is None:
        server.end(signal.SIGKILL)


@pytest.fixture
def database(warehouse: Warehouse, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of the test's own."""
    name = f"t_{abs(hash(request.node.nodeid)):x}"
    warehouse.sql(f"CREATE DATABASE {name} ENGINE = Atomic")
    yield name
    warehouse.sql(f"DROP DATABASE {name} SYNC")
