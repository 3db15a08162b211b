"""Cells of a file that people open in a spreadsheet.

A spreadsheet takes a cell that begins with certain characters for a formula and runs it (OWASP,
CSV injection). Such a cell is written with an apostrophe before it, which a spreadsheet shows as
text; so is one that begins with an apostrophe, so that reading gives back exactly what was written.
"""

from __future__ import annotations

DANGEROUS = frozenset("=+-@\t\r\n＝＋－＠")  # noqa: RUF001  # full-width ones count as well
_MARKED = DANGEROUS | {"'"}


def written(text: str) -> str:
    """Return a text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in _MARKED else text


def read(cell: str) -> str:
    """Return the text that a cell stands for."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _MARKED else cell
