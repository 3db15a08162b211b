"""Errors of the front, with ClickHouse's codes and the HTTP statuses that its server answers."""

from __future__ import annotations

import re

SYNTAX_ERROR = 62
UNKNOWN_COMPRESSION_METHOD = 89
INCORRECT_DATA = 117
BAD_ARGUMENTS = 36
UNKNOWN_SETTING = 115
READONLY = 164
REQUIRED_PASSWORD = 194
QUERY_IS_TOO_LARGE = 223
QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING = 216
TOO_MANY_SIMULTANEOUS_QUERIES = 202
NOT_IMPLEMENTED = 48
SESSION_NOT_FOUND = 372
SESSION_IS_LOCKED = 373
INVALID_SESSION_TIMEOUT = 374
QUERY_WAS_CANCELLED = 394
ACCESS_DENIED = 497
AUTHENTICATION_FAILED = 516
UNKNOWN_EXCEPTION = 1002

_NAMES = {
    SYNTAX_ERROR: "SYNTAX_ERROR",
    UNKNOWN_COMPRESSION_METHOD: "UNKNOWN_COMPRESSION_METHOD",
    INCORRECT_DATA: "INCORRECT_DATA",
    BAD_ARGUMENTS: "BAD_ARGUMENTS",
    UNKNOWN_SETTING: "UNKNOWN_SETTING",
    READONLY: "READONLY",
    REQUIRED_PASSWORD: "REQUIRED_PASSWORD",
    QUERY_IS_TOO_LARGE: "QUERY_IS_TOO_LARGE",
    QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING: "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING",
    TOO_MANY_SIMULTANEOUS_QUERIES: "TOO_MANY_SIMULTANEOUS_QUERIES",
    NOT_IMPLEMENTED: "NOT_IMPLEMENTED",
    SESSION_NOT_FOUND: "SESSION_NOT_FOUND",
    SESSION_IS_LOCKED: "SESSION_IS_LOCKED",
    INVALID_SESSION_TIMEOUT: "INVALID_SESSION_TIMEOUT",
    QUERY_WAS_CANCELLED: "QUERY_WAS_CANCELLED",
    ACCESS_DENIED: "ACCESS_DENIED",
    AUTHENTICATION_FAILED: "AUTHENTICATION_FAILED",
}

# ClickHouse's own table (HTTPHandler), as far as codes occur here; every other code is a 500.
_STATUS = {
    401: (REQUIRED_PASSWORD,),
    403: (192, 193, AUTHENTICATION_FAILED, ACCESS_DENIED),
    400: (6, 26, 27, BAD_ARGUMENTS, 38, 41, 43, 44, 51, 53, SYNTAX_ERROR, 69, 72, 130,
          INCORRECT_DATA, 441, 457),
    404: (16, 46, 47, 49, 50, 56, 57, 60, 81, UNKNOWN_SETTING, SESSION_NOT_FOUND),
    408: (159,),
    413: (QUERY_IS_TOO_LARGE,),
    501: (NOT_IMPLEMENTED,),
    503: (76, 209),
}  # fmt: skip
_STATUS_OF_CODE = {code: status for status, codes in _STATUS.items() for code in codes}

_CODE = re.compile(r"Code: (\d+)\. ")


class WarehouseError(Exception):
    """A query that failed, in the form that ClickHouse's clients understand.

    Parameters
    ----------
    code
        ClickHouse's error code.
    message
        The text without code and version.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def status(self) -> int:
        """The HTTP status that ClickHouse answers with this code."""
        return _STATUS_OF_CODE.get(self.code, 500)

    def text(self, version: str) -> str:
        """Give the body of the answer, one line ending in the engine's version.

        Parameters
        ----------
        version
            The engine's version, as in ``26.9.2.1``.
        """
        if self.message.startswith("Code: "):
            return f"{self.message} (version {version})\n"
        name = _NAMES.get(self.code, "UNKNOWN_EXCEPTION")
        return f"Code: {self.code}. DB::Exception: {self.message} ({name}) (version {version})\n"


def from_engine(error: RuntimeError) -> WarehouseError:
    """Translate what the engine raised.

    Parameters
    ----------
    error
        Its text starts with ``Code: N. DB::Exception:``, twice when the client part rethrew it.
    """
    text = str(error).strip()
    found = _CODE.search(text)
    if found is None:
        return WarehouseError(UNKNOWN_EXCEPTION, text or type(error).__name__)
    doubled = re.match(
        r"Code: \d+\. DB::Exception: (Code: .*?) \(version [\d.]+\)\. \(\w+\)$", text, re.S
    )
    return WarehouseError(
        int(found.group(1)), doubled.group(1) if doubled else text[found.start() :]
    )
