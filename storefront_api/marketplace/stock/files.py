"""What a file of stock says, row by row."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import Any

from storefront_api.marketplace.stock.schemas import Mode
from storefront_api.platform.errors import InvalidError, TooLargeError

MAX_BYTES = 2**20
MAX_ROWS = 1_000
MAX_QUANTITY = 10**12
COLUMNS = ("sku", "quantity")
_WHOLE = re.compile(r"[+-]?[0-9]{1,13}", re.ASCII)


@dataclass(frozen=True)
class Row:
    """One row: its line in the file, and what it says."""

    line: int
    sku: str
    quantity: int


def wrong(line: int, sku: str, message: str) -> dict[str, Any]:
    """Return what is wrong with a row, as it is answered."""
    return {"line": line, "sku": sku, "message": message}


def refuse(details: list[dict[str, Any]]) -> None:
    """Refuse a file that has wrong rows.

    Raises
    ------
    InvalidError
        With every one of them.
    """
    if details:
        first = details[0]
        message = f"line {first['line']}: {first['message']}; nothing was changed"
        raise InvalidError(message, field="body", details=details)


def read(content: bytes, mode: Mode) -> list[Row]:
    """Return the rows of a CSV file with a header; other columns than sku and quantity are notes.

    Parameters
    ----------
    mode
        `count`: quantities are what is there. `delta`: they are added, or taken if negative.

    Raises
    ------
    TooLargeError, InvalidError
        If it is too large, no such file, or has wrong rows; each of them is told.
    """
    if len(content) > MAX_BYTES:
        raise TooLargeError(f"a file has at most {MAX_BYTES} bytes", field="body")
    try:
        text = content.decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, restkey="", restval="")
        names = list(reader.fieldnames or [])
        if any(names.count(column) != 1 for column in COLUMNS):
            raise InvalidError("the header has sku and quantity, once each", field="body")
        rows = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidError(f"is no CSV file in UTF-8: {error}", field="body") from error
    if not 1 <= len(rows) <= MAX_ROWS:
        raise InvalidError(f"has 1 to {MAX_ROWS} rows", field="body")
    found: list[Row] = []
    details: list[dict[str, Any]] = []
    seen: set[str] = set()
    for line, row in rows:
        sku, quantity = row["sku"].strip(), row["quantity"].strip()
        problem = _problem(sku, quantity, mode, seen)
        if problem:
            details.append(wrong(line, sku, problem))
        else:
            found.append(Row(line, sku, int(quantity)))
        seen.add(sku)
    refuse(details)
    return found


def _problem(sku: str, quantity: str, mode: Mode, seen: set[str]) -> str:
    if not sku:
        return "has no sku"
    if sku in seen:
        return "the sku occurs more than once"
    if not _WHOLE.fullmatch(quantity):
        return "quantity is no whole number"
    if mode == "count" and int(quantity) < 0:
        return "a count is 0 or more"
    if abs(int(quantity)) > MAX_QUANTITY:
        return f"quantity is at most {MAX_QUANTITY}"
    return ""
