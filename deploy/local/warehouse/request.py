"""What a client asks for, read from an HTTP request."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from deploy.local.warehouse.errors import BAD_ARGUMENTS, NOT_IMPLEMENTED, WarehouseError

MAX_QUERY_SIZE = 262_144

# Parameters that the HTTP interface itself takes.
_RESERVED = frozenset(
    (
        "query",
        "database",
        "user",
        "password",
        "default_format",
        "session_id",
        "session_timeout",
        "session_check",
        "close_session",
        "query_id",
        "compress",
        "decompress",
        "wait_end_of_query",
        "buffer_size",
        "quota_key",
        "stacktrace",
        "role",
        "client_protocol_version",
        # Enforced here: the engine's own would outlast the request in a session.
        "readonly",
    )
)
# Settings of ClickHouse that only concern HTTP: they change nothing in the engine.
_HTTP_ONLY = frozenset(
    (
        "enable_http_compression",
        "http_zlib_compression_level",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "cancel_http_readonly_queries_on_client_close",
        "add_http_cors_header",
        "http_wait_end_of_query",
        "http_response_buffer_size",
        "http_write_exception_in_output_format",
        "http_native_compression_disable_checksumming_on_decompress",
    )
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks, as stated. An empty user is ``default``."""

    user: str
    password: str


@dataclass(frozen=True)
class Request:
    """A request without its body."""

    method: str
    path: str
    headers: Mapping[str, str]
    url: Mapping[str, str]

    @property
    def settings(self) -> dict[str, str]:
        """Every URL parameter that is a setting for the engine."""
        return {
            name: value
            for name, value in self.url.items()
            if name not in _RESERVED and name not in _HTTP_ONLY and not name.startswith("param_")
        }

    @property
    def readonly(self) -> int:
        """The URL's readonly; GET and HEAD imply 2, as in ClickHouse."""
        stated = self.url.get("readonly", "0")
        if stated not in ("0", "1", "2"):
            raise WarehouseError(BAD_ARGUMENTS, f"Setting readonly is {stated!r}: 0, 1 or 2")
        return int(stated) or (2 if self.method in ("GET", "HEAD") else 0)

    @property
    def parameters(self) -> dict[str, str]:
        """Server-side query parameters, without their prefix."""
        return {name[6:]: value for name, value in self.url.items() if name.startswith("param_")}

    @property
    def database(self) -> str:
        """The database that the client wants to be in, or nothing."""
        return self.url.get("database") or self.headers.get("x-clickhouse-database", "")

    @property
    def default_format(self) -> str:
        """The format for answers whose statement names none."""
        stated = self.headers.get("x-clickhouse-format") or self.url.get("default_format")
        return stated or "TabSeparated"

    @property
    def wait_end_of_query(self) -> bool:
        """Whether the answer begins after the query's end, so that every error has its status."""
        return self.flag("wait_end_of_query") or self.flag("http_wait_end_of_query")

    @property
    def max_query_size(self) -> int:
        """How long a statement may be, in bytes, its data left out."""
        stated = self.url.get("max_query_size", "")
        return int(stated) if stated.isdigit() and int(stated) else MAX_QUERY_SIZE

    def flag(self, name: str, default: str = "0") -> bool:
        """Tell whether a boolean URL parameter is on.

        Parameters
        ----------
        name
            The parameter.
        default
            What counts when it is absent.
        """
        return self.url.get(name, default).lower() not in ("", "0", "false")


def parse(method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]]) -> Request:
    """Read the URL and the headers.

    Parameters
    ----------
    method
        GET, POST or HEAD.
    path
        The decoded path.
    query
        The raw query string.
    headers
        As ASGI gives them, names in lower case.

    Raises
    ------
    WarehouseError
        For ``compress`` and ``decompress``: ClickHouse's own block format is not spoken here.
    """
    url = dict(
        parse_qsl(
            query.decode("latin-1"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="surrogateescape",
        )
    )
    named = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    request = Request(method, path, named, url)
    for name in ("compress", "decompress"):
        if request.flag(name):
            rule = "use Accept-Encoding or Content-Encoding with zstd, lz4, gzip or deflate"
            raise WarehouseError(
                NOT_IMPLEMENTED, f"URL parameter {name}=1 is not supported: {rule}"
            )
    return request


def credentials(request: Request) -> Credentials:
    """Read who asks: from ClickHouse's headers, basic authorization, or the URL.

    Parameters
    ----------
    request
        The request.

    Raises
    ------
    WarehouseError
        For a basic authorization that cannot be decoded.
    """
    headers, url = request.headers, request.url
    if "x-clickhouse-user" in headers or "x-clickhouse-key" in headers:
        return Credentials(
            headers.get("x-clickhouse-user") or "default", headers.get("x-clickhouse-key", "")
        )
    scheme, _, stated = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(stated, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise WarehouseError(
                BAD_ARGUMENTS, "Header Authorization is not valid basic authorization"
            ) from error
        return Credentials(user or "default", password)
    return Credentials(url.get("user") or "default", url.get("password", ""))
