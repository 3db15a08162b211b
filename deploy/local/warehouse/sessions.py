"""Connections for requests: a fresh one each, or the one that a session keeps."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.local.warehouse import sql
from deploy.local.warehouse.engine import Connection, Engine
from deploy.local.warehouse.errors import (
    INVALID_SESSION_TIMEOUT,
    SESSION_IS_LOCKED,
    SESSION_NOT_FOUND,
    WarehouseError,
)

DEFAULT_TIMEOUT_S = 60
MAX_TIMEOUT_S = 3600


@dataclass
class Session:
    """A connection that keeps its temporary tables and settings between requests."""

    key: tuple[str, str]
    connection: Connection
    timeout_s: float
    database: str = "default"
    locked: bool = True
    expires_at: float = 0.0
    overlay: dict[str, str] = field(default_factory=dict)
    below: dict[str, str] = field(default_factory=dict)

    def prepare(self, statement: bytes, database: str, settings: Mapping[str, str]) -> None:
        """Lay one request's settings and database over the session's own.

        They hold for the request alone. What the session itself was told by SET is put back before
        the next SET, so that a SET acts on the session and not on the overlay.

        Parameters
        ----------
        statement
            The text that will run.
        database
            The request's database, or nothing for the session's.
        settings
            The request's settings.
        """
        wanted = {} if sql.keyword(statement) == b"SET" else dict(settings)
        if wanted != self.overlay:
            restored = {name: self.below[name] for name in self.overlay if name not in wanted}
            unknown = [name for name in wanted if name not in self.below]
            if unknown:
                names = ", ".join(sql.quote(name) for name in unknown)
                found = self.connection.command(
                    f"SELECT name, value FROM system.settings WHERE name IN ({names})"
                )
                for line in found.decode().splitlines():
                    name, _, value = line.partition("\t")
                    self.below[name] = (
                        value.replace("\\t", "\t").replace("\\n", "\n").replace("\\\\", "\\")
                    )
            known = {name: wanted[name] for name in wanted if name in self.below}
            # Also when one of them is refused, the others must be taken back next time.
            self.overlay = self.overlay | known
            self.connection.set(restored | wanted)
            self.overlay = wanted
        if not wanted:
            self.below.clear()
        self._enter(database or self.database)

    def finish(self, statement: bytes) -> None:
        """Remember the database that the session is in now.

        Parameters
        ----------
        statement
            The text that ran.
        """
        if sql.keyword(statement) == b"USE":
            self.database = self._current = (
                self.connection.command("SELECT currentDatabase()").decode().strip()
            )

    _current: str = "default"

    def _enter(self, database: str) -> None:
        if database != self._current:
            self.connection.command(f"USE {sql.quote_name(database)}")
            self._current = database


class Sessions:
    """All sessions of the front.

    Parameters
    ----------
    engine
        Gives the connections.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sessions: dict[tuple[str, str], Session] = {}
        self._lock = threading.Lock()

    def acquire(
        self, user: str, name: str, timeout: str, must_exist: bool, readonly: int
    ) -> Session:
        """Take a session for one request, or make it.

        Parameters
        ----------
        user
            Sessions of different users never meet.
        name
            The URL's session_id.
        timeout
            The URL's session_timeout in seconds, or nothing.
        must_exist
            The URL's session_check.
        readonly
            The user's; holds for the session's whole life.

        Raises
        ------
        WarehouseError
            SESSION_IS_LOCKED while another request has it, SESSION_NOT_FOUND,
            INVALID_SESSION_TIMEOUT.
        """
        seconds = int(timeout) if timeout.isdigit() else DEFAULT_TIMEOUT_S
        if (timeout and not timeout.isdigit()) or seconds > MAX_TIMEOUT_S:
            raise WarehouseError(
                INVALID_SESSION_TIMEOUT,
                f"session_timeout is {timeout!r}: whole seconds up to {MAX_TIMEOUT_S}",
            )
        key = (user, name)
        with self._lock:
            self._expire()
            found = self._sessions.get(key)
            if found is not None:
                if found.locked:
                    raise WarehouseError(
                        SESSION_IS_LOCKED, f"Session {name} is locked by a concurrent client"
                    )
                found.locked, found.timeout_s = True, seconds
                return found
            if must_exist:
                raise WarehouseError(SESSION_NOT_FOUND, f"Session {name} not found")
            connection = self._engine.connect()
            connection.restrict(readonly)
            made = Session(key, connection, seconds)
            self._sessions[key] = made
            return made

    def release(self, session: Session, close: bool = False) -> None:
        """Give a session back after a request.

        Parameters
        ----------
        session
            The session.
        close
            Whether to end it now.
        """
        with self._lock:
            session.locked = False
            session.expires_at = time.monotonic() + session.timeout_s
            if close:
                del self._sessions[session.key]
                session.connection.close()

    def _expire(self) -> None:
        now = time.monotonic()
        for key, session in list(self._sessions.items()):
            if not session.locked and session.expires_at < now:
                del self._sessions[key]
                session.connection.close()

    def close(self) -> None:
        """End all sessions."""
        with self._lock:
            for session in self._sessions.values():
                session.connection.close()
            self._sessions.clear()
