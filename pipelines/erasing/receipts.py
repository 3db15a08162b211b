"""Who is to be erased, and what was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

_SUBJECTS = """
SELECT DISTINCT subject FROM raw.identity
WHERE type = 'subject_erased' AND subject <> '' ORDER BY subject
"""
COLUMNS = ["subject", "store", "what", "rows"]


@dataclass(frozen=True)
class Erased:
    """What was erased of one subject in one place.

    Parameters
    ----------
    store
        `warehouse`, `online_store`, `kafka` or `artifacts`.
    what
        The table, or the key without the subject; of Kafka, the table of the keys that opened it.
    rows
        How many rows or keys; never 0.
    """

    subject: str
    store: str
    what: str
    rows: int


def erased_subjects(client: Client) -> list[str]:
    """Return the pseudonyms whose erasure has reached the warehouse."""
    return [row[0] for row in client.query(_SUBJECTS).result_rows]


def keep(client: Client, erased: Sequence[Erased]) -> None:
    """Write the receipt."""
    if erased:
        rows = [[one.subject, one.store, one.what, one.rows] for one in erased]
        client.insert("raw.erasures", rows, column_names=COLUMNS, settings={"async_insert": 0})
