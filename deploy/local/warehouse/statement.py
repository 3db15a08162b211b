"""One statement of a client, and how it is turned so that its rows bypass the engine's buffers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from deploy.local.warehouse import sql
from deploy.local.warehouse.errors import READONLY, WarehouseError
from deploy.local.warehouse.form import ExternalTable


@dataclass
class Summary:
    """What a query read and wrote, as in the header X-ClickHouse-Summary."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    result_bytes: int = 0


@dataclass
class Statement:
    """One statement, ready to run.

    ``readonly`` is ClickHouse's: 1 reads alone, 2 reads and settings. ``output`` is the write end
    of a pipe for a reading statement's rows, ``data`` a file descriptor with those of an INSERT.
    ``reads`` and ``cancelled`` are the state while it runs.
    """

    text: bytes
    default_format: str
    token: str
    database: str
    settings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    readonly: int = 0
    insert: sql.Insert | None = None
    data: int | None = None
    external: Sequence[ExternalTable] = ()
    output: int | None = None
    reads: bool = False
    cancelled: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a statement ended. ``body`` holds the rows of statements that do not stream."""

    summary: Summary
    body: bytes


def check_readonly(statement: Statement, kind: str) -> None:
    """Refuse what a request that only reads may not do.

    Parameters
    ----------
    statement
        What shall run.
    kind
        The engine's class of it.

    Raises
    ------
    WarehouseError
        READONLY.
    """
    session_own = statement.readonly == 2 or sql.keyword(statement.text) in (b"USE", b"KILL")
    if not statement.readonly or kind == "READ_ONLY" or (kind == "CONTROL" and session_own):
        return
    raise WarehouseError(
        READONLY,
        "Cannot execute query in readonly mode. For queries over HTTP, method GET implies "
        "readonly. You should use method POST for modifying queries.",
    )


def into_pipe(text: bytes, descriptor: int) -> bytes:
    """Send a reading statement's rows into a pipe.

    Parameters
    ----------
    text
        The statement.
    descriptor
        The pipe's write end.
    """
    place = sql.find_output(text)
    clause = f" INTO OUTFILE '/proc/self/fd/{descriptor}' TRUNCATE ".encode()
    return text[: place.outfile_at] + b"\n" + clause + text[place.outfile_at :]


def from_file(text: bytes, insert: sql.Insert, descriptor: int) -> bytes:
    """Let an INSERT take its rows from a file.

    Parameters
    ----------
    text
        The statement, with or without data behind it.
    insert
        Where its parts are.
    descriptor
        The file.
    """
    path = f"/proc/self/fd/{descriptor}"
    if insert.input_call is not None:
        begin, end = insert.input_call
        structure = text[begin:end].partition(b"(")[2]
        call = f"file('{path}', '{insert.format}', ".encode() + structure
        return text[:begin] + call + text[end : insert.text_end]
    head, settings = text[: insert.infile_at], text[insert.infile_at : insert.text_end]
    clause = f" FROM INFILE '{path}' ".encode()
    return head + clause + settings + f" FORMAT {insert.format}".encode()
