"""What the assets need from outside, handed to them by parameter name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
from clickhouse_connect.driver.client import Client

from pipelines.warehouse.client import Reader, connect


class Warehouse(dg.ConfigurableResource):  # type: ignore[type-arg]  # the argument is internal
    """The ClickHouse warehouse.

    Parameters
    ----------
    url
        ``http://user:password@host:port``.
    """

    url: str

    def _client(self) -> Client:
        return connect(self.url)

    def row(self, query: str, parameters: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
        """Return the first row of a query's result."""
        with self._client() as client:
            return Reader(client).row(query, parameters)

    def rows(
        self, query: str, parameters: Mapping[str, Any] | None = None
    ) -> list[tuple[Any, ...]]:
        """Return all rows of a query's result."""
        with self._client() as client:
            return Reader(client).rows(query, parameters)

    def frame(self, query: str, parameters: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return a query's result as a frame, one column per selected column."""
        with self._client() as client:
            return Reader(client).frame(query, parameters)


class Ledger(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The store's database, of which its ledger is read.

    Parameters
    ----------
    url
        ``postgresql://user:password@host:port/database``.
    """

    url: str


class OnlineStore(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The Valkey that serving reads features from.

    Parameters
    ----------
    url
        ``redis://host:port/db``.
    """

    url: str


class Artifacts(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The folder that serving loads model artifacts from.

    Parameters
    ----------
    directory
        Its path.
    """

    directory: str

    @property
    def path(self) -> Path:
        """The folder as a path."""
        return Path(self.directory)
