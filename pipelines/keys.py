"""The store's keys of subjects, for what reads Kafka and for what erases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import asyncpg
import structlog
from confluent_kafka import Message

from storefront_api.events.sealing import HEADER, CannotOpenError, Split
from storefront_api.events.subject_keys import Headers, SubjectKeys, destroy

TIMEOUT_S = 10.0

log = structlog.get_logger()
T = TypeVar("T")


class KeysAwayError(RuntimeError):
    """Transient: the keys cannot be asked for, which does not say that any was destroyed."""


class Keys:
    """Keys by way of one connection to the store's database, made when it is first needed.

    Parameters
    ----------
    database_url
        ``postgresql://…`` of the store's database.
    """

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._keys = SubjectKeys()
        self._runner = asyncio.Runner()
        self._connection: Any = None

    def __enter__(self) -> Self:
        """Be there for a block."""
        return self

    def __exit__(
        self,
        _: type[BaseException] | None,
        __: BaseException | None,
        ___: TracebackType | None,
    ) -> None:
        """Let go of the connection."""
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.terminate()
        self._runner.close()

    def values(self, messages: Sequence[Message]) -> list[bytes | None]:
        """Return the messages' values, opened where they are sealed.

        One that nobody can open any more stays as it is: without what was personal in it.

        Raises
        ------
        KeysAwayError
            If a key is not known here and the store's database is away.
        """
        values = [_bytes(message.value()) for message in messages]
        sealed: dict[int, tuple[bytes, bytes]] = {}
        for index, message in enumerate(messages):
            headers = message.headers()
            if headers:
                header = dict(headers).get(HEADER)
                if header is not None:
                    sealed[index] = (values[index] or b"", _bytes(header) or b"")
        if sealed:
            opened = self._with(lambda database: self._open(database, list(sealed.values())))
            for index, value in zip(sealed, opened, strict=True):
                if value is not None:
                    values[index] = value
        return values

    async def _open(
        self, database: Any, messages: Sequence[tuple[bytes, bytes]]
    ) -> list[bytes | None]:
        try:
            return await self._keys.open(database, messages)
        except CannotOpenError:
            # One of them is damaged; the others are not to suffer from it.
            found: list[bytes | None] = []
            for message in messages:
                try:
                    found += await self._keys.open(database, [message])
                except CannotOpenError as error:
                    log.error("a sealed message stays closed", reason=str(error))
                    found.append(None)
            return found

    def headers(self, messages: Sequence[Split]) -> list[Headers]:
        """Return the headers that open each message; none for an owner who was erased.

        Raises
        ------
        KeysAwayError
            If a key is not known here and the store's database is away.
        """
        if not messages:
            return []
        return self._with(lambda database: self._keys.seal(database, messages))

    def destroy(self, owners: Iterable[str]) -> int:
        """Destroy keys for good, and return how many there were, or might have been made.

        Raises
        ------
        KeysAwayError
            If the store's database is away.
        """
        return self._with(lambda database: destroy(database, owners))

    def _with(self, work: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
        async def connected() -> T:
            if self._connection is None or self._connection.is_closed():
                self._connection = await asyncpg.connect(
                    self._url, timeout=TIMEOUT_S, command_timeout=TIMEOUT_S
                )
            return await work(self._connection)

        try:
            return self._runner.run(connected())
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise KeysAwayError(f"{type(error).__name__}: {error}") from error


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
