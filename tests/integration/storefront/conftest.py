"""PostgreSQL, a broker and Valkey that these tests alone use, and may kill; a store over HTTP."""

from __future__ import annotations

import asyncio
import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from deploy.local.ports import free_port
from deploy.local.services import KEEP_ALIVE, SERVER
from deploy.local.settings import LocalSettings
from deploy.local.stack import Stack
from pipelines.ingest.topics import create_topics
from storefront_api.events import Event, Topic, parse
from storefront_api.migrate import migrate
from tests.integration import plain
from tests.integration.conftest import never_flush
from tests.integration.forking import Child, nursery
from tests.integration.storefront.accounts import People
from tests.integration.storefront.clocked import FILE, Clock
from tests.integration.storefront.paying import Provider
from tests.integration.storefront.topics import published

PARTNER = "partner-of-the-tests"
SECRET = "secret-of-the-tests"
DEADLINE_S = 90.0
ROOT = Path(__file__).resolve().parents[3]
IMPORTED = (
    "storefront_api.app",
    "deploy.payments.app",
    "aiosmtplib",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.auto",
)
"""By the processes that these tests start."""


def until(true: Callable[[], bool], what: str, within_s: float = DEADLINE_S) -> None:
    """Poll until something is true."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        time.sleep(0.05)


class Database:
    """A migrated database of a module's own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def rows(self, statement: str, *values: object) -> list[Any]:
        """Run one statement on a connection of its own."""

        async def fetch() -> list[Any]:
            connection = await asyncpg.connect(self.url)
            try:
                return list(await connection.fetch(statement, *values))
            finally:
                await connection.close()

        return asyncio.run(fetch())

    def value(self, statement: str, *values: object) -> Any:
        """Return the first column of the first row."""
        return self.rows(statement, *values)[0][0]


class Worker:
    """A process of the storefront's."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._environment = os.environ | environment
        self._path = log
        self._process: Child | None = None

    def setting(self, name: str) -> str:
        """Return one of its settings."""
        return self._environment[name]

    def start(self, *command: str) -> None:
        """Start `python -m` with a command."""
        self._process = nursery(*IMPORTED).start(command, ROOT, self._environment, self._path)

    def wait(self) -> int:
        """Wait for its end and return its exit status."""
        assert self._process is not None
        return self._process.wait(DEADLINE_S)

    def tell(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end."""
        self.tell(number)
        return self.wait()

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def log(self) -> str:
        """Return what it logged so far."""
        return self._path.read_text("utf-8")


@pytest.fixture(scope="session")
def own_stack(
    stack_settings: Callable[..., LocalSettings], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """PostgreSQL, Kafka and Valkey to break."""
    stack = Stack(stack_settings(tmp_path_factory.mktemp("storefront")))
    try:
        stack.up(["postgres", "kafka", "valkey"])
        create_topics(stack.environment()["KAFKA_BOOTSTRAP_SERVERS"], 1)
        never_flush(stack.environment()["DATABASE_URL"])
        yield stack
    finally:
        stack.down()


@pytest.fixture(scope="session")
def migrated(own_stack: Stack) -> str:
    """Name of a database with the store's tables, of which others are copies."""
    server = own_stack.environment()["DATABASE_URL"]
    asyncio.run(migrate(urlsplit(server)._replace(path="/store_migrated").geturl()))
    return "store_migrated"


@pytest.fixture(scope="module")
def database(own_stack: Stack, migrated: str) -> Iterator[Database]:
    """A new database with the store's tables, gone with the module: each costs the server time."""
    server = own_stack.environment()["DATABASE_URL"]
    name = f"store_{uuid.uuid4().hex[:12]}"
    Database(server).rows(f"CREATE DATABASE {name} TEMPLATE {migrated}")
    yield Database(urlsplit(server)._replace(path=f"/{name}").geturl())
    Database(server).rows(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def environment(
    own_stack: Stack, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Settings of the storefront's processes; the model endpoint and Valkey are away."""
    return {
        "DATABASE_URL": database.url,
        "KAFKA_BOOTSTRAP_SERVERS": own_stack.environment()["KAFKA_BOOTSTRAP_SERVERS"],
        "VALKEY_URL": own_stack.environment()["VALKEY_URL"],
        "SERVING_URL": f"http://127.0.0.1:{free_port()}",
        "SESSIONS_TIMEOUT_MS": "5000",
        "PARTNER_TOKEN": PARTNER,
        "DISPUTE_WEBHOOK_SECRET": SECRET,
        "PSEUDONYM_KEY": "key-of-the-tests",
        "VAULT_KEY": "vault-of-the-tests",
        "PASSWORD_MEMORY_KIB": "64",
        "PASSWORD_PASSES": "1",
        "REPLAY_CLOCK": "true",
        "PAYMENT_URL": f"http://127.0.0.1:{free_port()}",
        "PAYMENT_KEY": "sk_test_of_the_tests",
        "PAYMENT_WEBHOOK_SECRET": "whsec_of_the_tests",
        "CARRIER_WEBHOOK_SECRET": SECRET,
        "METRICS_PORT": str(free_port()),
        "COLLECT_SPOOL_DIR": str(tmp_path_factory.mktemp("spool")),
        "SEARCH_INDEX_DIR": str(tmp_path_factory.mktemp("search")),
    }


def answers(url: str) -> bool:
    """Return whether a storefront is ready."""
    try:
        return plain.get(f"{url}/readyz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def start_store(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., tuple[str, Worker]]]:
    """Start storefronts with changed settings, or with another clock, and wait for each."""
    started: list[Worker] = []

    def start(
        application: str = "storefront_api.app:create_app", **changed: str
    ) -> tuple[str, Worker]:
        port = str(free_port())
        log = tmp_path_factory.mktemp("store") / "log"
        worker = Worker(environment | changed, log)
        factory = ("uvicorn", application, "--factory", "--no-access-log", *SERVER)
        worker.start(*factory, "--host", "127.0.0.1", "--port", port)
        started.append(worker)
        url = f"http://127.0.0.1:{port}"
        until(lambda: answers(url), "the storefront is ready")
        return url, worker

    yield start
    for worker in started:
        if worker.running:
            worker.end()


def heeding(port: str) -> None:
    """Wait until a worker shows its metrics: from then on it heeds SIGTERM."""

    def shown() -> bool:
        try:
            return plain.get(f"http://127.0.0.1:{port}/metrics", timeout=5).is_success
        except httpx.TransportError:
            return False

    until(shown, "the worker shows its metrics")


@pytest.fixture
def start_worker(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """Start a module of the storefront's with changed settings."""
    started: list[Worker] = []

    def start(module: str, **changed: str) -> Worker:
        port = {"METRICS_PORT": str(free_port())}
        worker = Worker(environment | port | changed, tmp_path / f"worker{len(started)}")
        worker.start(module)
        started.append(worker)
        heeding((environment | port | changed)["METRICS_PORT"])
        return worker

    yield start
    for worker in started:
        if worker.running:
            assert worker.end() == 0, worker.log()


@pytest.fixture(scope="module")
def store_url(start_store: Callable[..., tuple[str, Worker]]) -> str:
    """Base URL of a storefront."""
    return start_store()[0]


@pytest.fixture(scope="module")
def clocked(
    start_store: Callable[..., tuple[str, Worker]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Clock]:
    """Another storefront of the same database, with its clock; its passwords are hashed harder."""
    path = tmp_path_factory.mktemp("clock") / "seconds"
    clock = Clock(path)
    application = "tests.integration.storefront.clocked:create_app"
    return start_store(application, PASSWORD_MEMORY_KIB="128", **{FILE: str(path)})[0], clock


@pytest.fixture
def partner(store_url: str) -> Iterator[httpx.Client]:
    """A partner's client."""
    headers = {"Authorization": f"Bearer {PARTNER}"}
    with plain.Client(base_url=store_url, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture
def new_shopper(store_url: str) -> Iterator[Callable[[], httpx.Client]]:
    """Open sessions of new shoppers."""
    opened: list[httpx.Client] = []

    def new() -> httpx.Client:
        client = plain.Client(base_url=store_url, timeout=60)
        token = client.post("/sessions").json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        opened.append(client)
        return client

    yield new
    for client in opened:
        client.close()


@pytest.fixture
def shopper(new_shopper: Callable[[], httpx.Client]) -> httpx.Client:
    """A shopper's client."""
    return new_shopper()


@pytest.fixture
def people(store_url: str, database: Database) -> Iterator[People]:
    """Open accounts and log in to them."""
    people = People(store_url, database)
    yield people
    people.close()


@pytest.fixture
def signed_in(people: People) -> Callable[..., httpx.Client]:
    """Return a client that is signed in to a new account: `signed_in(role, vendor_id="")`."""
    return lambda role, vendor_id="": people.new(role, vendor_id).client


@pytest.fixture
def outbox(database: Database) -> Callable[[Topic, str], list[Event]]:
    """Read the events of one key that wait in the outbox, oldest first."""

    def of(topic: Topic, key: str) -> list[Event]:
        statement = "SELECT payload FROM outbox WHERE topic = $1 AND key = $2 ORDER BY outbox_id"
        rows = database.rows(statement, topic.value, key)
        return [parse(topic, row["payload"].encode()) for row in rows]

    return of


@pytest.fixture
def read_events(environment: dict[str, str]) -> Callable[..., list[Event]]:
    """Read what is published to some topics."""
    bootstrap = environment["KAFKA_BOOTSTRAP_SERVERS"]
    return lambda *topics: published(bootstrap, topics, environment["DATABASE_URL"])


@pytest.fixture
def new_relay(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[[], Worker]]:
    """Make relays of one database, none of them started."""
    made: list[Worker] = []

    def new() -> Worker:
        port = str(free_port())
        made.append(Worker(environment | {"METRICS_PORT": port}, tmp_path / f"relay{len(made)}"))
        return made[-1]

    yield new
    for relay in made:
        if relay.running:
            relay.end(signal.SIGKILL)


def start_provider(worker: Worker, url: str) -> None:
    """Start the local provider and wait for it."""
    port = url.rpartition(":")[2]
    worker.start(
        "uvicorn", "deploy.payments.app:create_app", "--factory", *KEEP_ALIVE, "--port", port
    )

    def alive() -> bool:
        try:
            return plain.get(f"{url}/healthz").is_success
        except httpx.TransportError:
            return False

    until(alive, "the provider is there")


@pytest.fixture(scope="module")
def provider_process(
    environment: dict[str, str], store_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worker]:
    """The local provider, which tells the storefront."""
    folder = tmp_path_factory.mktemp("payments")
    told = {
        "PAYMENT_WEBHOOK_URL": f"{store_url}/webhooks/stripe",
        "PAYMENT_BOOKS": str(folder / "books.sqlite"),
    }
    worker = Worker(environment | told, folder / "log")
    start_provider(worker, environment["PAYMENT_URL"])
    yield worker
    worker.end()


@pytest.fixture(scope="module")
def provider(environment: dict[str, str], provider_process: Worker) -> Provider:
    """The provider's API."""
    return Provider(environment["PAYMENT_URL"], environment["PAYMENT_KEY"])


@pytest.fixture
def workers(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Two workers of the checkouts, which must not be in each other's way."""
    log = tmp_path_factory.mktemp("checkouts") / "log"
    ports = [free_port() for _ in range(2)]
    both = [Worker(environment | {"METRICS_PORT": str(port)}, log) for port in ports]
    for worker in both:
        worker.start("storefront_api.checkouts.worker")
    for port in ports:
        heeding(str(port))
    yield
    assert [worker.end() for worker in both] == [0, 0], log.read_text()
