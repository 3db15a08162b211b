"""What PostgreSQL tells of changes, heard on one connection of a process for all who wait."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import asyncpg
import structlog

from storefront_api.platform.errors import DATABASE_AWAY, AwayError

log = structlog.get_logger()

NAME = "ecomarket-signals"
"""By which the connection is known in `pg_stat_activity`."""
PING_S = 5.0
"""How often the connection is tried, so that one that died without a word is noticed."""
RETRY_S = 0.5
MAX_WAITING = 5_000
"""Who may wait in one process."""
MAX_WAITING_FOR_ONE = 50
"""Who may wait for the same thing."""


class Signals:
    """Wakes those who wait for a key when a channel tells of it.

    A signal says that there is something to read, never what: who waits reads it from the
    database. So nothing is lost with a signal, as long as everybody reads once more after the
    connection was away; when it is back, everybody is woken.

    Parameters
    ----------
    channel
        PostgreSQL's channel; payloads are keys.
    """

    def __init__(self, url: str, channel: str) -> None:
        self._url = url
        self._channel = channel
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._task: asyncio.Task[None] | None = None
        self.listening = False
        """Whether the channel is heard now; who waits while it is not looks for itself."""

    def start(self) -> None:
        """Begin to listen, as soon as PostgreSQL lets."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop to listen."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(len(events) for events in self._waiting.values())

    def admit(self, key: str) -> None:
        """Refuse one more who would wait for a key, if too many do.

        Raises
        ------
        AwayError
            If so.
        """
        here = len(self._waiting.get(key, ()))
        if self.waiting >= MAX_WAITING or here >= MAX_WAITING_FOR_ONE:
            raise AwayError("too many wait for updates")

    @contextmanager
    def subscribe(self, key: str) -> Iterator[asyncio.Event]:
        """Have an event set whenever a key is told of."""
        events = self._waiting.setdefault(key, set())
        event = asyncio.Event()
        events.add(event)
        try:
            yield event
        finally:
            events.discard(event)
            if not events:
                self._waiting.pop(key, None)

    def _told(self, _: Any, __: int, ___: str, key: str) -> None:
        for event in self._waiting.get(key, ()):
            event.set()

    def _wake_all(self) -> None:
        for events in self._waiting.values():
            for event in events:
                event.set()

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except (*DATABASE_AWAY, asyncpg.PostgresError, TimeoutError) as error:
                log.warning("signals are not heard", error=repr(error))
            finally:
                self.listening = False
            await asyncio.sleep(RETRY_S)

    async def _listen(self) -> None:
        settings = {"application_name": NAME}
        connection = await asyncpg.connect(self._url, server_settings=settings, timeout=PING_S)
        try:
            await connection.add_listener(self._channel, self._told)
            self.listening = True
            self._wake_all()
            ended = asyncio.Event()
            connection.add_termination_listener(lambda _: ended.set())
            while not ended.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), PING_S)
                if not ended.is_set():
                    await connection.execute("SELECT 1", timeout=PING_S)
        finally:
            connection.terminate()
