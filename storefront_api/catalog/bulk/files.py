"""A file of products as it arrives: kept aside whole, then read record by record."""

from __future__ import annotations

import codecs
import csv
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from io import TextIOWrapper
from tempfile import SpooledTemporaryFile
from typing import IO

from storefront_api.catalog.bulk.rows import ATTRIBUTES, NEEDED, OPTIONAL, BadRowError
from storefront_api.platform.errors import InvalidError

IN_MEMORY = 2**20
"""Bytes of a file that are kept in memory; a larger one goes to disk."""
_OTHER_DELIMITERS = ";\t|"
_WIDE = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}


@asynccontextmanager
async def received(stream: AsyncIterator[bytes]) -> AsyncIterator[IO[bytes]]:
    """Keep a file aside until it is read; that it is UTF-8 throughout is checked on the way.

    Raises
    ------
    InvalidError
        If it is empty, or is not UTF-8.
    """
    with SpooledTemporaryFile(IN_MEMORY) as file:
        decoder = codecs.getincrementaldecoder("utf-8")()
        line, first = 1, b""
        async for chunk in stream:
            if not file.tell():
                first = chunk[:2]
            try:
                line += decoder.decode(chunk).count("\n")
            except UnicodeDecodeError as error:
                line += error.object[: error.start].count(b"\n")
                raise _not_utf8(first, line) from None
            file.write(chunk)
        if not file.tell():
            raise InvalidError("the file is empty", field="body")
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise _not_utf8(first, line) from None
        yield file


def _not_utf8(first: bytes, line: int) -> InvalidError:
    found = _WIDE.get(first, "another encoding")
    return InvalidError(
        f"the file must be UTF-8; line {line} is in {found}. A spreadsheet saves it as "
        "'CSV UTF-8'.",
        field="body",
    )


class Table:
    """The records of a file, to be read as often as needed.

    Raises
    ------
    InvalidError
        If the header is not that of a file of products.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._header: list[str] = []
        for number, record in self._records():
            if isinstance(record, BadRowError):
                raise InvalidError(f"row {number}: {record.broken[0][1]}", field="body")
            self._header = record
            break
        _check(self._header)

    def __iter__(self) -> Iterator[tuple[int, dict[str, str] | BadRowError]]:
        """Yield number and cells of each row after the header, or what is wrong with it."""
        records = self._records()
        next(records)
        for number, record in records:
            if isinstance(record, BadRowError):
                yield number, record
            elif len(record) != len(self._header):
                rule = f"has {len(record)} cells, the header has {len(self._header)}"
                yield number, BadRowError(("", rule))
            else:
                yield number, dict(zip(self._header, record, strict=True))

    def _records(self) -> Iterator[tuple[int, list[str] | BadRowError]]:
        """Yield the records that are not empty, each with its number, the header's being 1."""
        self._file.seek(0)
        text = TextIOWrapper(self._file, encoding="utf-8-sig", newline="")
        try:
            reader = csv.reader(text, strict=True)
            number = 0
            while True:
                number += 1
                began = reader.line_num + 1
                try:
                    record = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    rule = f"cannot be read from line {began} on: {error}"
                    yield number, BadRowError(("", rule))
                    continue
                if record:
                    yield number, record
        finally:
            text.detach()


def _check(header: list[str]) -> None:
    if len(header) == 1:
        for delimiter in _OTHER_DELIMITERS:
            if delimiter in header[0]:
                raise InvalidError(
                    f"the cells are parted by {delimiter!r}; they must be by ','", field="body"
                )
    unknown = [name for name in header if name not in {*NEEDED, *OPTIONAL}]
    if unknown:
        raise InvalidError(f"the header has unknown columns: {', '.join(unknown)}", field="body")
    if len(header) != len(set(header)):
        raise InvalidError("the header has a column twice", field="body")
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise InvalidError(f"the header lacks {', '.join(missing)}", field="body")
    some = [name for name in ATTRIBUTES if name in header]
    if some and len(some) != len(ATTRIBUTES):
        raise InvalidError(f"all of {', '.join(ATTRIBUTES)}, or none", field="body")
