"""As much of ClickHouse's grammar as the front must know: where a query ends and data begins.

Statements are bytes: an INSERT may carry binary data behind its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    rb"""
    (?P<comment>--[^\n]*|/\*.*?\*/|\#[ !][^\n]*)
  | (?P<string>'(?:[^'\\]|\\.|'')*'|\xe2\x80\x98.*?\xe2\x80\x99)
  | (?P<quoted>"(?:[^"\\]|\\.|"")*"|`(?:[^`\\]|\\.|``)*`|\xe2\x80\x9c.*?\xe2\x80\x9d)
  | (?P<heredoc>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<number>\d[\w.]*)
  | (?P<space>[\s\x80-\xff]+?(?=[^\s\x80-\xff]|$|\xe2\x80[\x98\x9c]))
  | (?P<other>.)
    """,
    re.S | re.X,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One significant token: not a space, not a comment."""

    kind: str
    text: bytes
    start: int
    end: int
    depth: int

    @property
    def upper(self) -> bytes:
        """The text in capitals, for comparing keywords."""
        return self.text.upper()


def tokens(statement: bytes, start: int = 0) -> Iterator[Token]:
    """Split lazily, so that the data behind an INSERT is never looked at.

    Parameters
    ----------
    statement
        The text of one statement.
    start
        Where to begin.
    """
    depth = 0
    position = start
    while position < len(statement):
        found = _TOKEN.match(statement, position)
        if found is None:
            position += 1
            continue
        position = found.end()
        kind = found.lastgroup or "other"
        if kind in ("space", "comment"):
            continue
        if kind == "tag":
            kind = "heredoc"
        text = found.group(kind)
        if kind == "other" and text in (b")", b"]", b"}"):
            depth -= 1
        yield Token(kind, text, found.start(), position, depth)
        if kind == "other" and text in (b"(", b"[", b"{"):
            depth += 1


@dataclass(frozen=True, slots=True)
class Insert:
    """An INSERT whose rows follow its text, in the body or in the statement itself."""

    infile_at: int
    text_end: int
    data_start: int
    format: str
    input_call: tuple[int, int] | None = None


def keyword(statement: bytes) -> bytes:
    """Give the first word in capitals, brackets before it left out, or nothing.

    Parameters
    ----------
    statement
        The text of one statement.
    """
    for token in tokens(statement):
        if token.kind == "word":
            return token.upper
        if token.text != b"(":
            break
    return b""


def _data_start(statement: bytes, position: int) -> int:
    while position < len(statement) and statement[position : position + 1] in (
        b" ",
        b"\t",
        b"\f",
        b"\r",
    ):
        position += 1
    if statement[position : position + 1] == b";":
        position += 1
    return position + 1 if statement[position : position + 1] == b"\n" else position


def find_insert(statement: bytes) -> Insert | None:
    """Find where an INSERT's rows begin and in which format they are.

    Parameters
    ----------
    statement
        The text of a statement, perhaps followed by data, perhaps cut within the data.

    Returns
    -------
    Nothing when it is no INSERT, or one whose rows come from a SELECT without ``input()``.
    """
    settings_at: int | None = None
    input_call: tuple[int, int] | None = None
    select = False
    previous: Token | None = None
    for token in tokens(statement):
        last, previous = previous, token
        if last is None:
            if token.upper != b"INSERT":
                return None
            continue
        named = last.upper in (b"INTO", b"TABLE", b"FUNCTION") or last.text == b"."
        if select and last.kind == "word" and last.upper == b"INPUT" and token.text == b"(":
            input_call = (last.start, _closing(statement, token))
        if token.kind != "word" or token.depth or named:
            continue
        if token.upper in (b"SELECT", b"WITH"):
            select = True
        elif token.upper == b"SETTINGS" and settings_at is None:
            settings_at = token.start
        elif token.upper == b"VALUES" and not select and last.upper != b"FORMAT":
            at = token.start if settings_at is None else settings_at
            return Insert(at, token.start, _data_start(statement, token.end), "Values")
        elif last.upper == b"FORMAT" and last.depth == 0 and (not select or input_call):
            at = last.start if settings_at is None or select else settings_at
            name = token.text.decode("ascii")
            start = _data_start(statement, token.end)
            return Insert(at, last.start, start, name, input_call)
    return None


def _closing(statement: bytes, opening: Token) -> int:
    for token in tokens(statement, opening.end):
        if token.text == b")" and token.depth == -1:
            return token.end
    return len(statement)


@dataclass(frozen=True, slots=True)
class Output:
    """Where a reading statement takes an INTO OUTFILE, and the format that it names itself."""

    outfile_at: int
    format: str | None


def find_output(statement: bytes) -> Output:
    """Find the trailing FORMAT clause of a reading statement.

    Parameters
    ----------
    statement
        The text of one statement, possibly ending in a semicolon.
    """
    if not _FORMAT_OR_END.search(statement):
        return Output(len(statement.rstrip()), None)
    last: Token | None = None
    found: tuple[int, str] | None = None
    end = 0
    for token in tokens(statement):
        if token.text == b";" and token.depth == 0:
            break
        named = token.kind == "word" and token.upper not in _CLAUSES
        if last is not None and last.upper == b"FORMAT" and last.depth == 0 and named:
            found = (last.start, token.text.decode("ascii"))
        elif found and token.depth == 0 and token.kind == "word" and token.upper in _CLAUSES:
            # FORMAT was a name in the middle of the statement, not its last clause.
            found = None
        last, end = token, token.end
    if found is None:
        return Output(end, None)
    return Output(*found)


# Without any of these the statement ends where its text ends: a long one need not be split.
_FORMAT_OR_END = re.compile(rb"(?i:\bformat\b)|;|--|/\*|#")
_CLAUSES = frozenset((b"FROM", b"WHERE", b"GROUP", b"ORDER", b"UNION", b"JOIN", b"LIMIT", b"AS"))


def quote(value: str) -> str:
    """Write a string literal.

    Parameters
    ----------
    value
        Any text.
    """
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def quote_name(name: str) -> str:
    """Write an identifier in backticks.

    Parameters
    ----------
    name
        A database, table or setting.
    """
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"
