"""A real mail server whose answers the tests choose, and what its readers find."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, TypeVar

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.ports import free_port
from storefront_api.events import Event, Topic, parse
from storefront_api.notifications import service
from storefront_api.notifications.messages import MESSAGES
from storefront_api.notifications.preferences import Preferences
from storefront_api.notifications.sending import Sender
from storefront_api.notifications.smtp import Server, SmtpCarrier
from storefront_api.notifications.writing import Writer
from storefront_api.platform.clock import system_clock
from storefront_api.platform.database import open_pool, transaction
from storefront_api.platform.failpoints import Failpoints
from tests.integration.storefront.conftest import Database

HANG_UP = "hang up"
SAY_NOTHING = "say nothing"
KEY = "key-of-the-tests"
_T = TypeVar("_T")


def parsed(content: bytes) -> EmailMessage:
    """Return a message as a mail reader sees it."""
    mail = message_from_bytes(content, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


@dataclass
class MailServer:
    """Takes mail for everybody.

    Parameters
    ----------
    at_sender, at_recipient, at_data
        Replies that come first, by the recipient (the sender's by the sender); then all is taken.
    """

    at_sender: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    at_recipient: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    at_data: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    connections: int = 0

    async def handle_EHLO(  # noqa: N802  # the name aiosmtpd calls
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Count connections."""
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take a sender."""
        if self.at_sender[address]:
            return self.at_sender[address].pop(0)
        envelope.mail_from = address
        return "250 2.1.0 fine"

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take a recipient."""
        if self.at_recipient[address]:
            return self.at_recipient[address].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a message; hanging up or keeping silent comes after it was taken."""
        (recipient,) = envelope.rcpt_tos
        replies = self.at_data[recipient]
        reply = replies.pop(0) if replies else "250 2.0.0 taken"
        if reply[0] in "45":
            return reply
        assert isinstance(envelope.content, bytes)
        self.taken.append((recipient, envelope.content))
        if reply == HANG_UP:
            assert server.transport is not None
            server.transport.abort()  # type: ignore[attr-defined]  # a transport of a socket
        if reply == SAY_NOTHING:
            await asyncio.sleep(3600)
        return reply

    def transmitted(self, recipient: str) -> list[bytes]:
        """Return what was taken for somebody, each time that it was."""
        return [content for to, content in self.taken if to == recipient]

    def mailbox(self, recipient: str) -> list[EmailMessage]:
        """Return what a server that knows a Message-ID again delivers (as RFC 7352 describes)."""
        seen: dict[str, EmailMessage] = {}
        for content in self.transmitted(recipient):
            mail = parsed(content)
            seen.setdefault(mail["Message-ID"], mail)
        return list(seen.values())


def serving(server: MailServer, **options: Any) -> Controller:
    """Return a controller that serves on a free port once it is started."""
    return Controller(
        server, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=False, **options
    )


def address(controller: Controller) -> str:
    """Return the URL of a controller's server."""
    return f"smtp://127.0.0.1:{controller.port}"


class Office:
    """The notifications of one database, worked on in this process with a clock to turn.

    Parameters
    ----------
    database_url
        Of a migrated store.
    smtp_url
        The mail server.
    """

    def __init__(self, database_url: str, smtp_url: str) -> None:
        self._database_url = database_url
        self.smtp_url = smtp_url
        self.preferences = Preferences(KEY)
        self.ahead = timedelta()

    def _clock(self) -> datetime:
        return system_clock() + self.ahead

    def run(self, work: Callable[[Any], Coroutine[Any, Any, _T]]) -> _T:
        """Run something with a pool of connections."""

        async def whole() -> _T:
            pool = await open_pool(self._database_url, 8)
            try:
                return await work(pool)
            finally:
                await pool.close()

        return asyncio.run(whole())

    def ask(self, cause: str, recipient: str, template: str, **parameters: Any) -> bool:
        """Ask for a message."""

        async def work(pool: Any) -> bool:
            async with transaction(pool) as connection:
                return await service.request(
                    connection,
                    cause=cause,
                    recipient=recipient,
                    template=template,
                    parameters=parameters,
                    now=system_clock(),
                    subject="p-reader",
                )

        return self.run(work)

    def send(self, lease_s: float = 20.0, at: Callable[[str], None] = lambda _: None) -> list[str]:
        """Send all that is due and return what became of each."""

        async def work(pool: Any) -> list[str]:
            writer = Writer("Store <store@shop.example>", "http://store.example", self.preferences)
            carrier = SmtpCarrier(Server.of(self.smtp_url))
            lease = timedelta(seconds=lease_s)
            points = Failpoints(at)
            sender = Sender(pool, carrier, writer, self.preferences, lease, self._clock, points)
            outcomes = []
            while (outcome := await sender.send_next()) is not None:
                outcomes.append(outcome)
            await carrier.close()
            return outcomes

        return self.run(work)


def somebody() -> str:
    """Return the address of a new reader."""
    return f"r{uuid.uuid4().hex[:12]}@home.example"


def asked(office: Office, recipient: str, template: str = "order_confirmed") -> str:
    """Ask for a message and return its cause."""
    cause = f"{template}/{uuid.uuid4()}"
    assert office.ask(cause, recipient, template, **MESSAGES[template].example)
    return cause


def row(database: Database, cause: str) -> Any:
    """Return the message of a cause as it is stored."""
    return database.rows("SELECT * FROM notifications WHERE cause = $1", cause)[0]


def steps(database: Database, cause: str) -> list[tuple[int, str, str]]:
    """Return number, step and detail of what was done about a cause."""
    query = (
        "SELECT attempt, step, detail FROM notification_steps JOIN notifications "
        "USING (notification_id) WHERE cause = $1 ORDER BY attempt, taken_at, step = 'started' DESC"
    )
    return [tuple(each) for each in database.rows(query, cause)]


def told(database: Database, cause: str) -> list[Event]:
    """Return the events about the message of a cause."""
    key = str(row(database, cause)["notification_id"])
    query = "SELECT payload FROM outbox WHERE topic = $1 AND key = $2 ORDER BY outbox_id"
    rows = database.rows(query, Topic.NOTIFICATIONS.value, key)
    return [parse(Topic.NOTIFICATIONS, each["payload"]) for each in rows]
