"""Lists of skus and quantities as comma-separated values: parsing alone."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from typing import Any

from storefront_api.platform.errors import InvalidError

HEADER = ["sku", "quantity"]
MAX_QUANTITY = 10**9
MAX_ROWS = 5_000
_SKU = re.compile(r"[A-Za-z0-9._-]{1,64}")
_WHOLE = re.compile(r"[0-9]{1,10}")


def problem(row: int, message: str) -> dict[str, Any]:
    """Return what is wrong with a row, counted from 1 with the header as the first."""
    return {"field": "body.csv", "row": row, "message": message}


def refuse(problems: list[dict[str, Any]]) -> None:
    """Refuse a list if anything is wrong with it.

    Raises
    ------
    InvalidError
        With every wrong row.
    """
    if problems:
        first = problems[0]
        message = f"row {first['row']}: {first['message']}"
        raise InvalidError(message, field="body.csv", details=problems)


def parse(text: str) -> dict[str, tuple[int, int]]:
    """Return the quantity of each sku and the row that names it first.

    Empty rows are skipped, and the quantities of a sku that occurs again are added up.

    Raises
    ------
    InvalidError
        If the header is not `sku,quantity`, or a row is wrong; all wrong rows are told.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    problems: list[dict[str, Any]] = []
    wanted: Counter[str] = Counter()
    first: dict[str, int] = {}
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        if header != HEADER:
            refuse([problem(1, "must be sku,quantity")])
        for number, cells in enumerate(reader, 2):
            if number > MAX_ROWS:
                refuse([problem(number, f"a list has at most {MAX_ROWS} rows")])
            values = [cell.strip() for cell in cells]
            if not any(values):
                continue
            wrong = _wrong(values)
            if wrong:
                problems.append(problem(number, wrong))
                continue
            sku, quantity = values
            wanted[sku] += int(quantity)
            first.setdefault(sku, number)
            if wanted[sku] > MAX_QUANTITY:
                problems.append(problem(number, f"{sku} is wanted more than {MAX_QUANTITY} times"))
    except csv.Error as error:
        problems.append(problem(reader.line_num, str(error)))
    refuse(problems)
    if not wanted:
        refuse([problem(1, "has nothing under it")])
    return {sku: (quantity, first[sku]) for sku, quantity in wanted.items()}


def _wrong(values: list[str]) -> str:
    if len(values) != len(HEADER):
        return f"has {len(values)} values and not {len(HEADER)}"
    sku, quantity = values
    if not _SKU.fullmatch(sku):
        return f"{sku!r} is no sku"
    if not _WHOLE.fullmatch(quantity) or not 1 <= int(quantity) <= MAX_QUANTITY:
        return f"quantity: must be from 1 to {MAX_QUANTITY}"
    return ""
