"""The engine: one process on a data path, a connection for each query or session."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.local.warehouse import sql
from deploy.local.warehouse.errors import (
    BAD_ARGUMENTS,
    QUERY_WAS_CANCELLED,
    SYNTAX_ERROR,
    WarehouseError,
    from_engine,
)
from deploy.local.warehouse.form import ExternalTable
from deploy.local.warehouse.running import kill_statement
from deploy.local.warehouse.statement import (
    Outcome,
    Statement,
    Summary,
    check_readonly,
    from_file,
    into_pipe,
)

# Where the front differs from the engine's own defaults. Only a client's explicit wish changes it.
# async_insert: an acknowledged insert must be in the table. implicit_select: a server has no such
# thing, `sel 1` is an error there. use_query_condition_cache: what the engine remembered of parts
# without a match hid 247 of 652 rows from a count of all, until that memory was dropped.
DEFAULTS: Mapping[str, str] = {
    "async_insert": "0",
    "implicit_select": "0",
    "use_query_condition_cache": "0",
}

_SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class DataPathInUseError(Exception):
    """Another process has the data path."""


class Connection:
    """One connection of the engine, used by one query at a time.

    Parameters
    ----------
    raw
        The engine's own connection.
    """

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self.set(DEFAULTS)

    def command(self, statement: str | bytes) -> bytes:
        """Run something small and give its rows as TabSeparated.

        Parameters
        ----------
        statement
            Trusted SQL.

        Raises
        ------
        WarehouseError
            With the engine's code.
        """
        try:
            answer: bytes = self.raw.query(statement, "TabSeparated").bytes()
        except RuntimeError as error:
            raise from_engine(error) from error
        return answer

    def set(self, settings: Mapping[str, str]) -> None:
        """Change settings of this connection.

        Parameters
        ----------
        settings
            Names and values; an unknown name is the engine's error 115.

        Raises
        ------
        WarehouseError
            Also for a name that is no identifier.
        """
        if not settings:
            return
        for name in settings:
            if not _SETTING.match(name):
                raise WarehouseError(BAD_ARGUMENTS, f"Setting name {name!r} is not an identifier")
        pairs = ", ".join(f"{name} = {sql.quote(value)}" for name, value in settings.items())
        self.command(f"SET {pairs}")

    def enter(self, database: str) -> None:
        """Make a database the current one.

        Parameters
        ----------
        database
            Its name; nothing changes nothing.
        """
        if database and database != "default":
            self.command(f"USE {sql.quote_name(database)}")

    def restrict(self, readonly: int) -> None:
        """Confine this connection to reading, for good.

        Parameters
        ----------
        readonly
            ClickHouse's setting of that name; 0 changes nothing.
        """
        if readonly:
            self.command(f"SET readonly = {readonly}")

    def load(self, tables: Sequence[ExternalTable]) -> None:
        """Make temporary tables of a form's files.

        Parameters
        ----------
        tables
            Their structure has passed the guard.

        Raises
        ------
        WarehouseError
            When rows do not fit the structure.
        """
        for table in tables:
            self.command(table.create)
            spool = new_spool(table.name)
            try:
                write_all(spool, table.rows)
                insert = f"INSERT INTO {sql.quote_name(table.name)} FROM INFILE "
                self.command(f"{insert}'/proc/self/fd/{spool}' FORMAT {table.format}")
            finally:
                os.close(spool)

    def drop(self, tables: Sequence[ExternalTable]) -> None:
        """Drop what ``load`` made.

        Parameters
        ----------
        tables
            The same.
        """
        for table in tables:
            self.command(f"DROP TEMPORARY TABLE IF EXISTS {sql.quote_name(table.name)}")

    def run(self, statement: Statement) -> Outcome:
        """Run a client's statement.

        Parameters
        ----------
        statement
            What to run; its settings and database are taken as applied already.

        Raises
        ------
        WarehouseError
            With the engine's code.
        """
        text = statement.text
        if statement.insert is None:
            kind = self.raw.classify_query(text)
            if kind["statement_count"] > 1:
                raise WarehouseError(SYNTAX_ERROR, "Multi-statements are not allowed")
            check_readonly(statement, kind["query_class"].name)
            statement.reads = kind["query_class"].name == "READ_ONLY"
            if statement.output is not None and statement.reads:
                text = into_pipe(text, statement.output)
        elif statement.data is not None:
            check_readonly(statement, "MUTATING")
            text = from_file(text, statement.insert, statement.data)
        text = text.rstrip().removesuffix(b";") + f"\n/*{statement.token}*/".encode()
        if statement.cancelled:
            raise WarehouseError(QUERY_WAS_CANCELLED, "Query was cancelled")
        try:
            result = self.raw.query(
                text, statement.default_format, params=dict(statement.parameters)
            )
        except RuntimeError as error:
            raise from_engine(error) from error
        body: bytes = result.bytes()
        summary = Summary(
            read_rows=result.storage_rows_read(),
            read_bytes=result.storage_bytes_read(),
            written_rows=result.rows_written(),
            written_bytes=result.bytes_written(),
            result_rows=result.rows_written() or result.rows_read(),
            result_bytes=result.bytes_written() or len(body),
        )
        return Outcome(summary, body)

    def close(self) -> None:
        """Give the connection up."""
        self.raw.close()


class Engine:
    """The engine on one data path.

    Parameters
    ----------
    path
        The folder; made when absent. No other process may have it open.
    options
        Start-up options of the engine.

    Raises
    ------
    DataPathInUseError
        When another process has it.
    """

    def __init__(self, path: Path, options: Mapping[str, str] | None = None) -> None:
        # Loading the engine takes most of a second: only who runs it pays for that.
        from chdb import _chdb

        path.mkdir(parents=True, exist_ok=True)
        self._connect: Any = _chdb.connect  # type: ignore[attr-defined]
        query = "&".join(f"{name}={value}" for name, value in (options or {}).items())
        self._url = f"{path.resolve()}?{query}" if query else str(path.resolve())
        try:
            # Kept open for the process's life: the engine stops with its last connection.
            self._anchor = Connection(self._connect(self._url))
        except RuntimeError as error:
            raise DataPathInUseError(f"Data path {path} cannot be opened: {error}") from error
        self._anchor_lock = threading.Lock()
        self.version = self.command("SELECT version()").decode().strip()
        self.timezone = self.command("SELECT timezone()").decode().strip()

    def connect(self) -> Connection:
        """Open another connection; it shares tables with the others and nothing else."""
        return Connection(self._connect(self._url))

    def command(self, statement: str | bytes) -> bytes:
        """Run something small of the front's own.

        Parameters
        ----------
        statement
            Trusted SQL.
        """
        with self._anchor_lock:
            return self._anchor.command(statement)

    def kill(self, token: str) -> None:
        """Ask a running statement to stop.

        Parameters
        ----------
        token
            The mark that ``Statement`` put into its text.
        """
        self.command(f"{kill_statement(token)} ASYNC")

    def names(self, table: str) -> list[str]:
        """List the names in a system table.

        Parameters
        ----------
        table
            Such as ``table_functions``.
        """
        return self.command(f"SELECT name FROM system.{table}").decode().split()

    def close(self) -> None:
        """Stop the engine."""
        self._anchor.close()


def new_spool(name: str = "insert") -> int:
    """Make an anonymous file in memory for an INSERT's rows.

    Parameters
    ----------
    name
        Shown in /proc only.
    """
    return os.memfd_create(name, os.MFD_CLOEXEC)


def write_all(descriptor: int, chunk: bytes) -> None:
    """Write the whole of a chunk.

    Parameters
    ----------
    descriptor
        A file.
    chunk
        What to write.
    """
    view = memoryview(chunk)
    while view:
        view = view[os.write(descriptor, view) :]
