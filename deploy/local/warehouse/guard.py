"""What a client's SQL may not reach: this machine's files, programs and network.

The embedded engine was made for its own process and reads every file that the process may read.
A ClickHouse server confines its clients; this module draws the same line. It looks at tokens,
outside of strings and comments, and refuses by name. Names come from the engine's own lists, less
those that are known to be harmless, so that an engine that brings new ones opens no new way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from deploy.local.warehouse import sql
from deploy.local.warehouse.errors import ACCESS_DENIED, WarehouseError

HARMLESS_FUNCTIONS = frozenset(
    (
        "dictionary",
        "format",
        "fuzzjson",
        "fuzzquery",
        "generate_series",
        "generaterandom",
        "generateseries",
        "input",
        "merge",
        "mergetreeanalyzeindexes",
        "mergetreeindex",
        "mergetreeprojection",
        "null",
        "numbers",
        "numbers_mt",
        "primes",
        "values",
        "view",
        "viewexplain",
        "viewifpermitted",
        "zeros",
        "zeros_mt",
    )
)
HARMLESS_ENGINES = frozenset(
    (
        "atomic",
        "dictionary",
        "generaterandom",
        "join",
        "log",
        "materializedview",
        "memory",
        "merge",
        "null",
        "ordinary",
        "set",
        "stripelog",
        "timeseries",
        "tinylog",
        "view",
    )
)
# Not in the lists of table functions: dictionary sources, disks, and functions that read files.
_FORBIDDEN_CALLS = frozenset(
    (
        "addresstoline",
        "addresstolinewithinlines",
        "addresstosymbol",
        "catboostevaluate",
        "disk",
        "executable_pool",
        "hascolumnintable",
        "http",
    )
)
_FORBIDDEN_SYSTEM = frozenset(
    (b"KILL", b"LISTEN", b"MODEL", b"MODELS", b"SHUTDOWN", b"SUSPEND", b"UNFREEZE", b"CONFIG")
)
_WORDS = "engine|outfile|infile|identifier|system|backup|restore|attach|dictionary"
_ESCAPE = re.compile(rb"\\x([0-9a-fA-F]{2})|\\(.)", re.S)


class Guard:
    """Refuses statements that reach beyond the warehouse.

    Parameters
    ----------
    functions
        Every table function of the engine.
    engines
        Every table and database engine.
    """

    def __init__(self, functions: Iterable[str], engines: Iterable[str]) -> None:
        lower = {name.lower() for name in functions}
        self._calls = (lower - HARMLESS_FUNCTIONS) | _FORBIDDEN_CALLS
        self._engines = {
            name
            for name in (engine.lower() for engine in engines)
            if name not in HARMLESS_ENGINES and not name.endswith("mergetree")
        }
        names = "|".join(sorted(re.escape(name) for name in self._calls))
        self._suspicious = re.compile(
            rf"(?i:\b(?:{names}|{_WORDS})\b)|[\"`][/~]|[\"`][^\"`]*(?://|\.\.)".encode()
        )

    def _harmless(self, statement: bytes) -> bool:
        """Decide the common case by one search: splitting a long statement costs far more."""
        escaped = b"\\" in statement and (b"`" in statement or b'"' in statement)
        return not (escaped or b"\xe2\x80" in statement or self._suspicious.search(statement))

    def check(self, statement: bytes, parameters: Mapping[str, str]) -> None:
        """Check a statement before it runs.

        Parameters
        ----------
        statement
            Its text without data.
        parameters
            The server-side parameters.

        Raises
        ------
        WarehouseError
            ACCESS_DENIED, naming what is refused.
        """
        if self._harmless(statement):
            return
        seen = list(sql.tokens(statement))
        words = [token.upper for token in seen]
        first = next((word for word in words if word != b"("), b"")
        self._check_statement(first, words)
        dictionary = first in (b"CREATE", b"ATTACH", b"REPLACE") and b"DICTIONARY" in words
        for index, token in enumerate(seen):
            follower = words[index + 1] if index + 1 < len(words) else b""
            # A table with its columns, not a call.
            target = index > 0 and words[index - 1] in (b"INTO", b".")
            if token.kind == "quoted" or (dictionary and token.kind == "string"):
                _check_name(_plain(token.text))
            if follower == b"(" and token.kind in ("word", "quoted") and not target:
                self._check_call(_plain(token.text) if token.kind == "quoted" else token.text)
            if token.upper == b"ENGINE":
                self._check_engine(seen[index + 1 : index + 3])
            if token.upper == b"INTO" and follower == b"OUTFILE":
                raise _refusal("INTO OUTFILE")
            if token.upper == b"FROM" and follower == b"INFILE":
                raise _refusal("FROM INFILE")
            if token.upper == b"IDENTIFIER" and index > 1 and words[index - 1] == b":":
                name = seen[index - 2].text.decode("ascii", "replace")
                _check_name(_ESCAPE.sub(_unescape, parameters.get(name, "").encode()))

    def _check_statement(self, first: bytes, words: list[bytes]) -> None:
        if first in (b"BACKUP", b"RESTORE"):
            raise _refusal(first.decode())
        if first == b"SYSTEM":
            for word in words[1:3]:
                if word in _FORBIDDEN_SYSTEM:
                    raise _refusal(f"SYSTEM … {word.decode()}")
        if first == b"ATTACH" and any(
            word == b"FROM" and path.startswith(b"'")
            for word, path in zip(words, words[1:], strict=False)
        ):
            raise _refusal("ATTACH … FROM a path")

    def _check_call(self, name: bytes) -> None:
        lower = name.decode("utf-8", "replace").lower()
        if lower in self._calls:
            raise _refusal(f"{lower}()")

    def _check_engine(self, following: list[sql.Token]) -> None:
        named = [token for token in following if token.text != b"="][:1]
        for token in named:
            text = _plain(token.text) if token.kind == "quoted" else token.text
            lower = text.decode("utf-8", "replace").lower()
            if lower in self._engines:
                raise _refusal(f"ENGINE = {lower}")


def _refusal(what: str) -> WarehouseError:
    return WarehouseError(
        ACCESS_DENIED,
        f"{what} is not allowed: statements reach this warehouse's tables, "
        "no files, programs or other servers",
    )


def _unescape(found: re.Match[bytes]) -> bytes:
    if found.group(1):
        return bytes([int(found.group(1), 16)])
    return found.group(2)


def _plain(quoted: bytes) -> bytes:
    inner = quoted[3:-3] if quoted.startswith(b"\xe2") else quoted[1:-1]
    return _ESCAPE.sub(_unescape, inner)


def _check_name(name: bytes) -> None:
    """Refuse a name that is a path: the engine's default database reads files by name."""
    if name.startswith((b"/", b"~")) or b"://" in name or b".." in name.split(b"/"):
        raise _refusal(f"The name {name.decode('utf-8', 'replace')!r}")
