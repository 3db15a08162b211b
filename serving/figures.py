"""Metrics from the warehouse, over connections that can only read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from models.metrics import Catalogue, Compiled, parse
from serving.errors import WarehouseAwayError

DEFINITIONS = Path(__file__).resolve().parent.parent / "dbt" / "metrics"
READ_ONLY = "2"
"""ClickHouse's `readonly`: queries and settings, and nothing that writes."""


def load() -> Catalogue:
    """Read the definitions.

    Raises
    ------
    models.metrics.DefinitionError
        If one breaks a rule.
    """
    return parse(path.read_text("utf-8") for path in sorted(DEFINITIONS.glob("*.yml")))


class Figures:
    """Answers of the warehouse, which is asked for the first time by the first question.

    Parameters
    ----------
    url
        ``http[s]://user:password@host:port``.
    timeout_s
        Seconds that a query may take.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        self.catalogue = load()
        self._url = url
        self._timeout_s = timeout_s
        self._lock = Lock()
        self._client: Client | None = None

    async def answer(self, compiled: Compiled) -> list[tuple[Any, ...]]:
        """Return the rows of a question.

        Raises
        ------
        WarehouseAwayError
            If the warehouse does not answer, or not in time, or has no such marts yet.
        """
        return await asyncio.to_thread(self._explained, lambda: self._query(compiled))

    def _explained(self, ask: Callable[[], list[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
        try:
            return ask()
        except (ClickHouseError, OSError) as error:
            raise WarehouseAwayError("the warehouse does not answer; come back later") from error

    def _query(self, compiled: Compiled) -> list[tuple[Any, ...]]:
        found = self._connected().query(compiled.sql, parameters=dict(compiled.parameters))
        return [tuple(row) for row in found.result_rows]

    def _connected(self) -> Client:
        with self._lock:
            if self._client is None:
                self._client = clickhouse_connect.get_client(
                    dsn=self._url,
                    secure=self._url.startswith("https://"),
                    autogenerate_session_id=False,
                    send_receive_timeout=self._timeout_s,
                    settings={"readonly": READ_ONLY, "max_execution_time": self._timeout_s},
                )
            return self._client

    async def close(self) -> None:
        """Close the connection, if there is one."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None
