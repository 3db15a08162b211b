"""Connections to ClickHouse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import clickhouse_connect
import pandas as pd
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


def frame(client: Client, query: str, parameters: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Return a query's result as a frame, one column per selected column, even without a row.

    The driver's own frame of no rows has no columns, since the server sends no block then.
    """
    given = dict(parameters or {})
    found: pd.DataFrame = client.query_df(query, parameters=given)
    if found.empty:
        described = client.query(f"DESCRIBE TABLE ({query})", parameters=given).result_rows
        return pd.DataFrame(columns=[column for column, *_ in described])
    return found


@dataclass(frozen=True)
class Reader:
    """Questions to the warehouse over a connection that is open."""

    client: Client

    def row(self, query: str, parameters: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
        """Return the first row of a query's result."""
        return self.rows(query, parameters)[0]

    def rows(
        self, query: str, parameters: Mapping[str, Any] | None = None
    ) -> list[tuple[Any, ...]]:
        """Return all rows of a query's result."""
        result = self.client.query(query, parameters=dict(parameters or {}))
        return [tuple(row) for row in result.result_rows]

    def frame(self, query: str, parameters: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return a query's result as a frame, one column per selected column."""
        return frame(self.client, query, parameters)
