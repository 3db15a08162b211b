"""Carrying letters to a mail server by SMTP."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit

import aiosmtplib

from storefront_api.notifications.delivery import (
    DeferredError,
    DeliveryError,
    HandOver,
    Letter,
    MailServerAwayError,
    RefusedError,
    UnknownOutcomeError,
)

COMMAND_S = 20.0
"""After this long without an answer the server counts as away."""
_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")
_CLOSING = 421
_ABOUT_US = frozenset({530, 534, 535, 538})
"""Replies that ask for other credentials or for TLS: no letter is to blame."""


@dataclass(frozen=True)
class Server:
    """A mail server.

    Parameters
    ----------
    encrypted
        TLS from the first byte; otherwise STARTTLS, which is demanded where there is a password.
    """

    host: str
    port: int
    encrypted: bool
    username: str | None
    password: str | None

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the server that `smtp://` or `smtps://[user:password@]host[:port]` names."""
        parts = urlsplit(url)
        encrypted = parts.scheme == "smtps"
        return cls(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or (465 if encrypted else 587 if parts.username else 25),
            encrypted=encrypted,
            username=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
        )


class SmtpCarrier:
    """Delivers over one connection, which stays open from letter to letter."""

    def __init__(self, server: Server, timeout_s: float = COMMAND_S) -> None:
        self._server = server
        self._timeout_s = timeout_s
        self._client: aiosmtplib.SMTP | None = None

    async def deliver(self, letter: Letter, hand_over: HandOver) -> None:
        """Deliver a letter to the server, which is responsible for it when this returns."""
        handed_over = False
        try:
            client = await self._connected()
            await client.mail(letter.sender, options=[f"SIZE={len(letter.content)}"])
            await client.rcpt(letter.recipient)
            await hand_over()
            handed_over = True
            await client.data(letter.content)
        except aiosmtplib.SMTPResponseException as error:
            await self.close()
            raise _understood(error) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            await self.close()
            raise (UnknownOutcomeError if handed_over else MailServerAwayError)() from error
        except BaseException:
            # The conversation was broken off in the middle: the next letter must not go on with it.
            self._drop()
            raise

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.encrypted,
            # None takes TLS if it is offered; a password is never sent without.
            start_tls=None if server.encrypted or server.password is None else True,
            timeout=self._timeout_s,
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            status = _status(error) if isinstance(error, aiosmtplib.SMTPResponseException) else ""
            raise MailServerAwayError(status) from error
        self._client = client
        return client

    async def close(self) -> None:
        """Say goodbye to the server."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            if client.is_connected:
                await client.quit()
        except (aiosmtplib.SMTPException, OSError):
            pass
        finally:
            client.close()

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()


def _status(error: aiosmtplib.SMTPResponseException) -> str:
    found = _ENHANCED.match(error.message)
    return f"{error.code} {found[1]}" if found else str(error.code)


def _understood(error: aiosmtplib.SMTPResponseException) -> DeliveryError:
    status = _status(error)
    if error.code == _CLOSING or error.code in _ABOUT_US:
        return MailServerAwayError(status)
    return (RefusedError if 500 <= error.code < 600 else DeferredError)(status)
