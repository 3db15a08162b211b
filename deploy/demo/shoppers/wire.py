"""HTTP/1.1 with as little of its own as can be: the simulation must never be what is slow.

Connections are kept and used last in, first out. What cannot be sent is sent again, on another
connection, as long as the caller says that twice is as good as once.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from typing import Protocol, cast
from urllib.parse import urlsplit

import httptools

PATIENCE_S = 60.0
"""How long something that is away is asked again."""
WAIT_S = 0.25
ANSWER_S = 60.0
"""How long one answer may take."""
KEEP_S = 60.0
"""Idle connections older than this are not used: the server may be about to close them."""


class LostError(ConnectionError):
    """The connection ended before the answer came."""


class AwayError(RuntimeError):
    """Nothing answers, or not in time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether it is no error."""
        return self.status < 400


class Asks(Protocol):
    """Something that answers HTTP requests."""

    async def ask(
        self, method: str, path: str, body: bytes = b"", head: str = "", again: bool = True
    ) -> Answer:
        """Return the answer to a request.

        Parameters
        ----------
        path
            With its query.
        head
            Further header lines, each with its end of line.
        again
            Whether the request may be sent twice.

        Raises
        ------
        AwayError
            If there is no answer.
        """
        ...


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.used_at = 0.0
        self.open = True
        self._status = 0
        self._parts: list[bytes] = []
        self._answer: asyncio.Future[Answer] | None = None
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are of no class of asyncio's.
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(LostError(f"not HTTP: {error}"))
            self.transport.abort()

    def on_body(self, part: bytes) -> None:
        self._parts.append(part)

    def on_message_complete(self) -> None:
        answer = Answer(self._parser.get_status_code(), b"".join(self._parts))
        self._parts = []
        if not self._parser.should_keep_alive():
            self.open = False
            self.transport.close()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False
        self._fail(LostError(f"the connection was lost: {error}"))

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    async def ask(self, request: bytes) -> Answer:
        loop = asyncio.get_running_loop()
        self._answer = loop.create_future()
        alarm = loop.call_later(ANSWER_S, self.transport.abort)
        self.transport.write(request)
        try:
            return await self._answer
        finally:
            alarm.cancel()
            self.used_at = time.monotonic()


class Wire:
    """A pool of connections to one server.

    Parameters
    ----------
    url
        Its base URL, plain HTTP.
    connections
        How many there are at most.
    """

    def __init__(self, url: str, connections: int) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._room = connections
        self._idle: deque[_Connection] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.requests = 0

    async def ask(
        self, method: str, path: str, body: bytes = b"", head: str = "", again: bool = True
    ) -> Answer:
        """Return the answer to a request; see `Asks`."""
        kind = "" if "Content-Type" in head else "Content-Type: application/json\r\n"
        first = f"{method} {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
        stated = f"{first}{kind}Content-Length: {len(body)}\r\n{head}\r\n"
        request = stated.encode() + body
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                answer = await self._once(request)
            except OSError as error:
                if not again or time.monotonic() > until:
                    raise AwayError(f"{method} {path}: {error}") from error
                await asyncio.sleep(WAIT_S)
                continue
            busy = answer.status == 503 or (
                answer.status == 409 and b'"key_in_flight"' in answer.body
            )
            if not busy:
                return answer
            if time.monotonic() > until:
                raise AwayError(f"{method} {path}: {answer.status} {answer.body[:200]!r}")
            await asyncio.sleep(WAIT_S)

    async def _once(self, request: bytes) -> Answer:
        connection = await self._take()
        try:
            self.requests += 1
            return await connection.ask(request)
        except asyncio.CancelledError:
            # Its answer may still come, and must not be taken for another's.
            connection.open = False
            connection.transport.abort()
            raise
        finally:
            self._give_back(connection)

    async def _take(self) -> _Connection:
        while self._room == 0 and not self._idle:
            waiting = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            await waiting
        while self._idle:
            connection = self._idle.pop()
            if connection.open and time.monotonic() - connection.used_at < KEEP_S:
                return connection
            connection.transport.close()
            self._room += 1
        self._room -= 1
        try:
            loop = asyncio.get_running_loop()
            made = await loop.create_connection(_Connection, self._host, self._port)
        except BaseException:
            self._room += 1
            self._wake()
            raise
        return made[1]

    def _give_back(self, connection: _Connection) -> None:
        if connection.open:
            self._idle.append(connection)
        else:
            self._room += 1
        self._wake()

    def _wake(self) -> None:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(None)
                return

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._idle:
            self._idle.pop().transport.close()
            self._room += 1
