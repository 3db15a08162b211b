"""Whatever of the sending is killed, and wherever: a reader finds the message once."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.ports import free_port
from deploy.local.stack import Stack
from storefront_api.notifications.messages import MESSAGES
from tests.integration import plain
from tests.integration.storefront.conftest import Database, Worker, until
from tests.integration.storefront.mailing import MailServer, Office, address, parsed, serving

WORKER = "storefront_api.notifications.worker"
KILLABLE = "tests.integration.storefront.killable_mail"
POINTS = ("claimed", "handed over", "sent")
TRANSMITTED = {"claimed": 1, "handed over": 1, "sent": 2}
"""How often the reader's server is sent a message that is sent again when in doubt."""
NewWorker = Callable[..., Worker]


@pytest.fixture
def server() -> MailServer:
    """A reader's mail server."""
    return MailServer()


@pytest.fixture
def office(database: Database, server: MailServer) -> Iterator[Office]:
    """The store's notifications."""
    controller = serving(server)
    controller.start()
    yield Office(database.url, address(controller))
    controller.stop()


@pytest.fixture
def new_worker(environment: dict[str, str], tmp_path: Path) -> Iterator[NewWorker]:
    """Make workers, none of them started."""
    made: list[Worker] = []

    def new(**changed: str) -> Worker:
        settings = {"METRICS_PORT": str(free_port()), "MAIL_LEASE_S": "3", **changed}
        made.append(Worker(environment | settings, tmp_path / f"worker{len(made)}"))
        return made[-1]

    yield new
    for worker in made:
        if worker.running:
            worker.end(signal.SIGKILL)


def asked(office: Office, template: str) -> tuple[str, str]:
    """Ask for a message; return its reader and its cause."""
    reader = f"r{uuid.uuid4().hex[:12]}@home.example"
    cause = f"{template}/{uuid.uuid4()}"
    assert office.ask(cause, reader, template, **MESSAGES[template].example)
    return reader, cause


def state(database: Database, cause: str) -> tuple[str, str]:
    query = "SELECT state, failure FROM notifications WHERE cause = $1"
    row = database.rows(query, cause)[0]
    return row["state"], row["failure"]


def ends(database: Database, cause: str, end: tuple[str, str], what: str) -> None:
    until(lambda: state(database, cause) == end, what)


def test_killed_at_each_point_an_order_mail_arrives_once(
    office: Office, server: MailServer, new_worker: NewWorker, database: Database
) -> None:
    worker, wanted = new_worker(SMTP_URL=office.smtp_url), {}
    for point in POINTS:
        wanted[point] = asked(office, "order_confirmed")
        worker.start(KILLABLE, point)
        assert worker.wait() == -signal.SIGKILL, point
    worker.start(WORKER)
    for point, (reader, cause) in wanted.items():
        ends(database, cause, ("sent", ""), f"killed when {point}")
        same = server.transmitted(reader)
        assert len(same) == TRANSMITTED[point], point
        assert len(set(same)) == 1, "the same message has the same bytes"
        assert len(server.mailbox(reader)) == 1
    assert worker.end() == 0


def test_of_what_is_never_doubled_the_readers_server_sees_one_at_most(
    office: Office, server: MailServer, new_worker: NewWorker, database: Database
) -> None:
    worker, wanted = new_worker(SMTP_URL=office.smtp_url), {}
    for point in ("handed over", "sent", "claimed"):
        wanted[point] = asked(office, "low_stock")
        worker.start(KILLABLE, point)
        assert worker.wait() == -signal.SIGKILL, point
    worker.start(WORKER)
    seen = {}
    for point, (reader, cause) in wanted.items():
        end = ("sent", "") if point == "claimed" else ("failed", "unknown")
        ends(database, cause, end, f"killed when {point}")
        seen[point] = len(server.transmitted(reader))
    assert seen == {"claimed": 1, "handed over": 0, "sent": 1}
    assert worker.end() == 0


def test_without_a_mail_server_each_message_is_one_file_whoever_is_killed(
    office: Office, new_worker: NewWorker, database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "mail"
    worker, readers = new_worker(MAIL_DIR=str(folder)), []
    for point in POINTS:
        readers.append(asked(office, "order_confirmed"))
        worker.start(KILLABLE, point)
        assert worker.wait() == -signal.SIGKILL, point
    # One that a mail reader has moved is not written again.
    for path in (folder / "new").iterdir():
        path.rename(folder / "cur" / f"{path.name}:2,S")
    worker.start(WORKER)
    for _, cause in readers:
        ends(database, cause, ("sent", ""), "it is written")
    assert worker.end() == 0
    mails = [parsed(path.read_bytes()) for path in folder.glob("[nc]*/*")]
    assert sorted(mail["To"] for mail in mails) == sorted(reader for reader, _ in readers)


def test_the_worker_starts_anew_when_postgres_was_killed_and_tells_what_it_does(
    office: Office, server: MailServer, new_worker: NewWorker, database: Database, own_stack: Stack
) -> None:
    port = free_port()
    worker = new_worker(SMTP_URL=office.smtp_url, METRICS_PORT=str(port))
    worker.start(WORKER)
    first, _ = asked(office, "order_confirmed")
    until(lambda: len(server.mailbox(first)) == 1, "it is at work")
    own_stack.kill("postgres")
    own_stack.up(["postgres"])
    second, cause = asked(office, "order_confirmed")
    ends(database, cause, ("sent", ""), "it is at work again")
    assert len(server.mailbox(second)) == 1
    text = plain.get(f"http://127.0.0.1:{port}/metrics").text
    sent = 'ecomarket_notifications_total{outcome="sent",template="order_confirmed"} 2.0'
    assert sent in text
    assert "ecomarket_notifications_unsent " in text
    assert worker.end() == 0
