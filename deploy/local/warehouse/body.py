"""The statement and its data, read from a request's body."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from deploy.local.warehouse import compression, sql
from deploy.local.warehouse.engine import new_spool, write_all
from deploy.local.warehouse.errors import QUERY_IS_TOO_LARGE, SYNTAX_ERROR, WarehouseError
from deploy.local.warehouse.form import (
    MAX_BYTES,
    ExternalTable,
    external_tables,
    is_form,
    merge,
    parse_form,
)
from deploy.local.warehouse.request import Request


@dataclass
class Body:
    """A statement. ``data`` describes a file with an INSERT's rows; the holder closes it."""

    text: bytes
    insert: sql.Insert | None = None
    data: int | None = None
    external: Sequence[ExternalTable] = ()

    def close(self) -> None:
        """Drop the rows."""
        if self.data is not None:
            os.close(self.data)
            self.data = None


async def read_request(request: Request, chunks: AsyncIterator[bytes]) -> tuple[Request, Body]:
    """Read the body, whatever its kind; a form's fields change the request.

    Parameters
    ----------
    request
        As its URL and headers say.
    chunks
        The body as it arrives.

    Raises
    ------
    WarehouseError
        As ``read_body``, and for a form that is none or is too large.
    """
    kind = request.headers.get("content-type", "")
    if not is_form(kind):
        return request, await read_body(request, chunks)
    codec = compression.decoder(request.headers.get("content-encoding", ""))
    content = bytearray()
    async for chunk in chunks:
        content += codec.feed(chunk)
        if len(content) > MAX_BYTES:
            raise WarehouseError(QUERY_IS_TOO_LARGE, f"A form may have {MAX_BYTES} bytes")
    codec.finish()
    form = parse_form(kind, bytes(content))
    tables = external_tables(form, request.url)
    request = merge(request, form)
    body = await read_body(replace(request, headers={}), _nothing())
    body.external = tables
    return request, body


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


async def read_body(request: Request, chunks: AsyncIterator[bytes]) -> Body:
    """Put the statement together and spool an INSERT's rows.

    Parameters
    ----------
    request
        Its URL may hold the statement, or the first part of it.
    chunks
        The body as it arrives.

    Raises
    ------
    WarehouseError
        For a statement beyond ``max_query_size``, and for a body that does not decode.
    """
    limit = request.max_query_size
    codec = compression.decoder(request.headers.get("content-encoding", ""))
    stated = request.url.get("query", "").encode("utf-8", "surrogateescape")
    head = stated + b"\n" if stated else b""
    if len(head) > limit:
        raise _too_long(limit)
    insert = sql.find_insert(head) if stated else None
    body = Body(head, insert)
    try:
        if insert is not None:
            _begin(body, head)
        async for chunk in chunks:
            plain = codec.feed(chunk)
            if body.data is not None:
                write_all(body.data, plain)
                continue
            head += plain
            if len(head) > limit:
                _split(body, head, limit)
        codec.finish()
        if body.data is None:
            _split(body, head, limit)
    except BaseException:
        body.close()
        raise
    return body


def _begin(body: Body, head: bytes) -> None:
    if body.insert is None:
        return
    body.text = head[: body.insert.data_start]
    body.data = new_spool()
    # A statement in the URL ends in the line break that was put behind it; that is no data.
    rest = head[body.insert.data_start :]
    if rest.strip():
        write_all(body.data, rest)


def _split(body: Body, head: bytes, limit: int) -> None:
    body.text, body.insert = head, sql.find_insert(head)
    if body.insert is not None:
        _begin(body, head)
    if len(body.text) > limit:
        raise _too_long(limit)


def _too_long(limit: int) -> WarehouseError:
    return WarehouseError(
        SYNTAX_ERROR,
        f"Max query size exceeded: a statement may have {limit} bytes (max_query_size)",
    )
