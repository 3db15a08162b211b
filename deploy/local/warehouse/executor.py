"""Runs a statement on the right connection, on a thread of its own."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from deploy.local.warehouse import sql
from deploy.local.warehouse.engine import Connection, Engine
from deploy.local.warehouse.guard import Guard
from deploy.local.warehouse.query_log import QueryLog
from deploy.local.warehouse.request import Request
from deploy.local.warehouse.running import Running
from deploy.local.warehouse.sessions import Sessions
from deploy.local.warehouse.statement import Outcome, Statement, Summary
from deploy.local.warehouse.users import User

# Statements beyond this many wait for a thread.
MAX_RUNNING = 64
KILL_INTERVAL_S = 0.5


class Executor:
    """The part of the front that waits for the engine.

    Parameters
    ----------
    engine
        Runs the statements.
    log
        Written out by SYSTEM FLUSH LOGS.
    """

    def __init__(self, engine: Engine, log: QueryLog) -> None:
        self.engine = engine
        self.log = log
        self.running = Running()
        self.sessions = Sessions(engine)
        self.pool = ThreadPoolExecutor(MAX_RUNNING, thread_name_prefix="query")
        self._guard = Guard(
            engine.names("table_functions"),
            engine.names("table_engines") + engine.names("database_engines"),
        )

    def execute(self, request: Request, user: User, name: str, statement: Statement) -> Outcome:
        """Run one statement to its end.

        Parameters
        ----------
        request
            Names the session.
        user
            Limits what may run.
        name
            The user's name.
        statement
            What to run.

        Raises
        ------
        WarehouseError
            With ClickHouse's code.
        """
        self._guard.check(statement.text, statement.parameters)
        for table in statement.external:
            self._guard.check(table.create.encode("utf-8", "surrogateescape"), {})
        word = sql.keyword(statement.text)
        if word == b"KILL":
            statement.text = self.running.translate_kill(statement.text)
        if word == b"SYSTEM" and statement.text.upper().split()[1:3] == [b"FLUSH", b"LOGS"]:
            self.log.flush()
            return Outcome(Summary(), b"")
        session_id = request.url.get("session_id", "")
        if not session_id:
            return self._once(user, statement)
        timeout = request.url.get("session_timeout", "")
        must_exist = request.flag("session_check")
        session = self.sessions.acquire(name, session_id, timeout, must_exist, user.readonly)
        try:
            session.prepare(statement.text, statement.database, statement.settings)
            session.connection.load(statement.external)
            try:
                outcome = session.connection.run(statement)
            finally:
                session.connection.drop(statement.external)
            session.finish(statement.text)
            return outcome
        finally:
            self.sessions.release(session, close=request.flag("close_session"))

    def _once(self, user: User, statement: Statement) -> Outcome:
        connection: Connection = self.engine.connect()
        try:
            connection.enter(statement.database)
            connection.load(statement.external)
            connection.restrict(user.readonly)
            connection.set(statement.settings)
            return connection.run(statement)
        finally:
            connection.close()

    def cancel(self, statement: Statement) -> None:
        """Ask a statement to stop, whether it has begun or not.

        Parameters
        ----------
        statement
            As given to ``execute``.
        """
        statement.cancelled = True
        self.engine.kill(statement.token)

    def close(self, grace_s: float) -> None:
        """Let statements finish, then end the others.

        Parameters
        ----------
        grace_s
            How long they have, in seconds.
        """
        deadline = time.monotonic() + grace_s
        while len(self.running) and time.monotonic() < deadline:
            time.sleep(0.05)
        for token in self.running.tokens():
            self.engine.kill(token)
        self.pool.shutdown(wait=True)
        self.sessions.close()
        self.log.close()
        self.engine.close()
