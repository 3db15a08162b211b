"""Asking both sides."""

from __future__ import annotations

from datetime import date

import asyncpg
from clickhouse_connect.driver.exceptions import ClickHouseError

from pipelines.reconciling.differences import Outcome, Row, compared
from pipelines.reconciling.subjects import SUBJECTS
from pipelines.warehouse.client import connect


class UnreachableError(RuntimeError):
    """Transient: the ledger or the marts could not be asked."""


async def reconcile(ledger_url: str, warehouse_url: str, start: date, end: date) -> list[Outcome]:
    """Compare the ledger with the marts on the days ``[start, end)``, subject by subject.

    The ledger is read in one snapshot. What is on its way to the warehouse, or not built into the
    marts yet, differs.

    Parameters
    ----------
    ledger_url
        ``postgresql://…`` of the store's database; a user that may read is enough.
    warehouse_url
        ``http://user:password@host:port``.
    start, end
        UTC days; the end is exclusive.

    Raises
    ------
    UnreachableError
        If a side does not answer, or lacks a table.
    """
    try:
        ledger = await _ledger(ledger_url, start, end)
        marts = _marts(warehouse_url, start, end)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ClickHouseError, OSError) as error:
        raise UnreachableError(f"{type(error).__name__}: {error}") from error
    return [
        compared(subject.name, subject.table, ledger[subject.name], marts[subject.name])
        for subject in SUBJECTS
    ]


async def _ledger(url: str, start: date, end: date) -> dict[str, list[Row]]:
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return {
                subject.name: [
                    (row[0], row[1], row[2])
                    for row in await connection.fetch(subject.ledger, start, end)
                ]
                for subject in SUBJECTS
            }
    finally:
        await connection.close()


def _marts(url: str, start: date, end: date) -> dict[str, list[Row]]:
    days = {"start": start, "end": end}
    with connect(url, readonly="2") as client:
        return {
            subject.name: [
                (row[0], row[1], row[2])
                for row in client.query(subject.marts, parameters=days).result_rows
            ]
            for subject in SUBJECTS
        }
