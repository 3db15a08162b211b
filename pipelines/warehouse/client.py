"""Connections to ClickHouse."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client


def connect(url: str, **settings: Any) -> Client:
    """Open a connection without a session, so that clients never wait for each other.

    Parameters
    ----------
    url
        ``http[s]://user:password@host:port``.
    settings
        ClickHouse settings for every query of the connection.
    """
    parts = urlsplit(url)
    return clickhouse_connect.get_client(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or (8443 if parts.scheme == "https" else 8123),
        username=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),
        secure=parts.scheme == "https",
        autogenerate_session_id=False,
        settings=settings,
    )
