"""The HTTP answer to a statement: headers, rows, compression, errors before or within the rows."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from deploy.local.warehouse import compression, sql
from deploy.local.warehouse.engine import Engine
from deploy.local.warehouse.errors import WarehouseError
from deploy.local.warehouse.request import Request
from deploy.local.warehouse.statement import Outcome, Summary

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Up to here an answer waits for the query's end, so that an error still gets its HTTP status.
BUFFER_BYTES = 1 << 20
# An answer that waits for the end whatever its size lies in memory up to here, then on disk.
SPOOL_BYTES = 64 << 20

# A chunk of this size takes longer to compress than to hand to a thread.
OFFLOAD_BYTES = 128 << 10

_TYPES = (
    ("JSONEachRow", "application/x-ndjson; charset=UTF-8"),
    ("JSONCompactEachRow", "application/x-ndjson; charset=UTF-8"),
    ("JSON", "application/json; charset=UTF-8"),
    ("CSV", "text/csv; charset=UTF-8; header=absent"),
    ("TabSeparated", "text/tab-separated-values; charset=UTF-8"),
    ("TSV", "text/tab-separated-values; charset=UTF-8"),
    ("Native", "application/octet-stream"),
    ("RowBinary", "application/octet-stream"),
    ("Arrow", "application/octet-stream"),
    ("Parquet", "application/octet-stream"),
    ("ORC", "application/octet-stream"),
    ("XML", "application/xml; charset=UTF-8"),
)


def content_type(format_name: str) -> str:
    """Give the media type of a format.

    Parameters
    ----------
    format_name
        As in a FORMAT clause.
    """
    return next(
        (kind for name, kind in _TYPES if format_name.startswith(name)), "text/plain; charset=UTF-8"
    )


async def failure(send: Send, status: int, text: str, headers: Mapping[str, str]) -> None:
    """Send a whole plain-text answer.

    Parameters
    ----------
    send
        ASGI's.
    status
        The HTTP status.
    text
        The body.
    headers
        More headers.
    """
    body = text.encode("utf-8", "replace")
    stated = {"content-type": "text/plain; charset=UTF-8", "content-length": str(len(body))} | dict(
        headers
    )
    raw = [(name.encode(), value.encode("latin-1", "replace")) for name, value in stated.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


class Answer:
    """One answer, sent while its query runs.

    Parameters
    ----------
    send
        ASGI's.
    request
        Decides compression and buffering.
    query_id
        Goes into a header.
    engine
        Its version and time zone.
    """

    def __init__(self, send: Send, request: Request, query_id: str, engine: Engine) -> None:
        self._send = send
        self._engine = engine
        self._query_id = query_id
        self._format = request.default_format
        self._begun_at = time.monotonic_ns()
        self._wait = request.wait_end_of_query
        accepted = (
            request.headers.get("accept-encoding", "")
            if request.flag("enable_http_compression", "1")
            else ""
        )
        self._encoding = compression.choose(accepted)
        level = request.url.get("http_zlib_compression_level", "")
        self._encoder = (
            compression.Encoder(self._encoding, int(level) if level.isdigit() else 3)
            if self._encoding
            else None
        )
        self._held = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - closed with the answer
        self._held_bytes = 0
        self._tag = uuid.uuid4().hex[:16]
        self.started = False

    def describe(self, statement: bytes) -> None:
        """Take the answer's format from the statement, when it names one.

        Parameters
        ----------
        statement
            Its text.
        """
        self._format = sql.find_output(statement).format or self._format

    async def feed(self, chunk: bytes) -> None:
        """Take rows; they leave when the buffer is full.

        Parameters
        ----------
        chunk
            Rows in the answer's format.
        """
        if self._encoder is None:
            await self._put(chunk)
        elif len(chunk) < OFFLOAD_BYTES:
            await self._put(self._encoder.feed(chunk))
        else:
            await self._put(await asyncio.to_thread(self._encoder.feed, chunk))

    async def _put(self, chunk: bytes) -> None:
        if self.started:
            await self._body(chunk)
            return
        self._held.write(chunk)
        self._held_bytes += len(chunk)
        if self._held_bytes > BUFFER_BYTES and not self._wait:
            await self._start(Summary(), None)
            await self._flush()

    async def finish(self, outcome: Outcome) -> None:
        """Send what is left.

        Parameters
        ----------
        outcome
            How the query ended.
        """
        await self.feed(outcome.body)
        if self._encoder:
            await self._put(self._encoder.finish())
        if not self.started:
            await self._start(outcome.summary, self._held_bytes)
            await self._flush()
        await self._send({"type": "http.response.body", "body": b""})
        self._held.close()

    async def fail(self, error: WarehouseError) -> None:
        """Send an error: with its status, or behind the rows when those have left already.

        Parameters
        ----------
        error
            What went wrong.
        """
        text = error.text(self._engine.version)
        if not self.started:
            self._held.close()
            headers = self._headers(Summary()) | {"x-clickhouse-exception-code": str(error.code)}
            del headers["x-clickhouse-format"], headers["content-type"]
            await failure(self._send, error.status, text, headers)
            return
        # ClickHouse's own form; clients look for it behind the rows. Not ending the chunks makes it
        # an error for every other client too.
        message = text.encode("utf-8", "replace")
        tag = self._tag.encode()
        block = b"\r\n__exception__\r\n%b\r\n%b\n%d %b\r\n__exception__\r\n" % (
            tag,
            message,
            len(message),
            tag,
        )
        await self.feed(block)
        if self._encoder:
            await self._put(self._encoder.finish())
        self._held.close()

    def _headers(self, summary: Summary) -> dict[str, str]:
        elapsed = time.monotonic_ns() - self._begun_at
        numbers = {name: str(value) for name, value in vars(summary).items()}
        numbers |= {"total_rows_to_read": numbers["read_rows"], "elapsed_ns": str(elapsed)}
        return {
            "content-type": content_type(self._format),
            "x-clickhouse-format": self._format,
            "x-clickhouse-query-id": self._query_id,
            "x-clickhouse-timezone": self._engine.timezone,
            "x-clickhouse-server-display-name": "ecomarket-warehouse",
            "x-clickhouse-exception-tag": self._tag,
            "x-clickhouse-summary": json.dumps(numbers, separators=(",", ":")),
        }

    async def _start(self, summary: Summary, length: int | None) -> None:
        self.started = True
        headers = self._headers(summary)
        if self._encoding:
            headers["content-encoding"] = self._encoding
        if length is not None:
            headers["content-length"] = str(length)
        raw = [
            (name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()
        ]
        await self._send({"type": "http.response.start", "status": 200, "headers": raw})

    async def _flush(self) -> None:
        self._held.seek(0)
        while chunk := self._held.read(BUFFER_BYTES):
            await self._body(chunk)

    async def _body(self, chunk: bytes) -> None:
        if chunk:
            await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
