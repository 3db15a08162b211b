"""A password goes to the mail server that the certificate names, encrypted, or not at all."""

from __future__ import annotations

import ssl
import uuid
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from storefront_api.notifications.messages import MESSAGES
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.mailing import MailServer, Office, serving

PASSWORD = "p/w@rd"


class Door:
    """Lets in who knows the password, and remembers what was tried."""

    def __init__(self) -> None:
        self.tried: list[tuple[bytes, bytes]] = []

    def __call__(
        self, server: object, session: object, envelope: object, mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.tried.append((data.login, data.password))
        return AuthResult(success=data.password == PASSWORD.encode())


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a server at 127.0.0.1 shows, by an authority that this process trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def sent(database: Database, controller: Controller, url: str) -> tuple[str, list[str]]:
    """Ask for a message and try to send it; return its reader and what became of it."""
    reader = f"r{uuid.uuid4().hex[:12]}@home.example"
    office = Office(database.url, url.replace("HERE", f"127.0.0.1:{controller.port}"))
    controller.start()
    try:
        example = MESSAGES["order_confirmed"].example
        office.ask(f"x/{uuid.uuid4()}", reader, "order_confirmed", **example)
        return reader, office.send()
    finally:
        controller.stop()
        database.rows("UPDATE notifications SET state = 'sent' WHERE state = 'queued'")


@pytest.mark.parametrize(("scheme", "option"), [("smtp", "tls_context"), ("smtps", "ssl_context")])
def test_who_may_send_logs_in_over_tls(
    scheme: str, option: str, certificate: ssl.SSLContext, database: Database
) -> None:
    server, door = MailServer(), Door()
    options: dict[str, Any] = {option: certificate, "authenticator": door, "auth_required": True}
    controller = serving(server, **options, auth_require_tls=scheme == "smtp")
    reader, outcomes = sent(database, controller, f"{scheme}://shop:p%2Fw%40rd@HERE")
    assert outcomes == ["sent"]
    assert len(server.mailbox(reader)) == 1
    assert door.tried == [(b"shop", PASSWORD.encode())]


def test_a_wrong_password_costs_no_message(certificate: ssl.SSLContext, database: Database) -> None:
    server, door = MailServer(), Door()
    controller = serving(server, tls_context=certificate, authenticator=door, auth_required=True)
    assert sent(database, controller, "smtp://shop:wrong@HERE")[1] == ["away"]
    assert server.taken == []


def test_without_tls_no_password_is_said(database: Database) -> None:
    server, door = MailServer(), Door()
    controller = serving(server, authenticator=door, auth_require_tls=False)
    assert sent(database, controller, "smtp://shop:secret@HERE")[1] == ["away"]
    assert (door.tried, server.taken) == ([], [])


@pytest.mark.parametrize(("scheme", "option"), [("smtp", "tls_context"), ("smtps", "ssl_context")])
def test_a_server_that_shows_a_strangers_certificate_is_told_nothing(
    scheme: str, option: str, certificate: ssl.SSLContext, database: Database
) -> None:
    stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(stranger)
    server, door = MailServer(), Door()
    options: dict[str, Any] = {option: stranger, "authenticator": door, "auth_require_tls": False}
    reader, outcomes = sent(database, serving(server, **options), f"{scheme}://shop:secret@HERE")
    assert outcomes == ["away"]
    assert (door.tried, server.transmitted(reader)) == ([], [])


def test_where_there_is_no_password_tls_is_taken_if_it_is_offered(
    certificate: ssl.SSLContext, database: Database
) -> None:
    server = MailServer()
    controller = serving(server, tls_context=certificate, require_starttls=True)
    reader, outcomes = sent(database, controller, "smtp://HERE")
    assert outcomes == ["sent"]
    assert len(server.mailbox(reader)) == 1
