"""Erasing subjects from the warehouse: raw events, dead letters, and all that dbt made of them.

Commerce stays, because marts have to agree with the books to the cent, but each of its events is
then a stranger's of its own: neither two orders of one person nor their card, device or postal
area can be told any more. Everything else goes. Days whose events changed are written down as
touched, so that their marts are built anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from clickhouse_connect.driver.client import Client

from pipelines.erasing.receipts import Erased

_NOW = {"mutations_sync": 2}
"""A mutation is waited for, on every replica."""


class Treatment(StrEnum):
    """What becomes of the events of a module that have an erased subject."""

    DELETED = "deleted"
    ANONYMOUS = "anonymous"


MODULES: Mapping[str, Treatment] = {
    "catalog": Treatment.ANONYMOUS,
    "orders": Treatment.ANONYMOUS,
    "payments": Treatment.ANONYMOUS,
    "inventory": Treatment.ANONYMOUS,
    "ledger": Treatment.ANONYMOUS,
    "business": Treatment.ANONYMOUS,
    "fulfilment": Treatment.ANONYMOUS,
    "returns": Treatment.ANONYMOUS,
    "marketplace": Treatment.ANONYMOUS,
    "carts": Treatment.DELETED,
    "identity": Treatment.DELETED,
    "pricing": Treatment.DELETED,
    "social": Treatment.DELETED,
    "notifications": Treatment.DELETED,
    "clickstream": Treatment.DELETED,
    "decisions": Treatment.DELETED,
}
"""Every module that has a raw table; a test keeps it so."""

_STRANGER = "concat('erased-', toString(event_id))"
_BLANKED = r"""replaceRegexpAll(
    replaceAll(data, {subject:String}, ''),
    '"(device_id|session_id|ip_country|fingerprint|area)":\\s*"[^"]*"', '"\\1":""'
)"""
_WHOSE = (
    "(subject = {subject:String} OR position(data, {subject:String}) > 0) "
    "AND type <> 'subject_erased'"
)
_TOUCH = """
INSERT INTO raw.touched_days (module, day, ingested_at, rows)
SELECT {module:String}, toDate(occurred_at), now64(3), count() FROM raw.<module>
WHERE <whose> GROUP BY 2
"""
_DERIVED = """
SELECT c.database, c.table, groupArray((c.name, c.is_in_sorting_key OR c.is_in_partition_key))
FROM system.columns AS c
JOIN system.tables AS t ON t.database = c.database AND t.name = c.table
WHERE t.engine LIKE '%MergeTree' AND c.type IN ('String', 'LowCardinality(String)')
    AND c.database NOT IN ('system', 'raw', 'INFORMATION_SCHEMA', 'information_schema')
GROUP BY c.database, c.table ORDER BY c.database, c.table
"""


def erase_warehouse(client: Client, subjects: Sequence[str]) -> Iterator[Erased]:
    """Erase subjects from every table, and yield what was found of each where.

    Again, it finds nothing and changes nothing.
    """
    for subject in subjects:
        for module, treatment in MODULES.items():
            yield from _erase_events(client, module, treatment, subject)
        yield from _delete(
            client, "raw.dead_letters", "position(payload, {subject:String}) > 0", subject
        )
    derived = client.query(_DERIVED).result_rows
    for subject in subjects:
        for database, table, columns in derived:
            yield from _erase_derived(client, f"{database}.{table}", columns, subject)


def _erase_events(
    client: Client, module: str, treatment: Treatment, subject: str
) -> Iterator[Erased]:
    table = f"raw.{module}"
    count = _count(client, table, _WHOSE, subject)
    if not count:
        return
    touch = _TOUCH.replace("<module>", module).replace("<whose>", _WHOSE)
    # Before the change: whoever is killed in between leaves days that are built once too often.
    client.command(touch, parameters={"module": module, "subject": subject})
    if treatment is Treatment.DELETED:
        statement = f"ALTER TABLE {table} DELETE WHERE {_WHOSE}"
    else:
        statement = (
            f"ALTER TABLE {table} UPDATE data = {_BLANKED}, "
            f"subject = if(subject = {{subject:String}}, {_STRANGER}, subject) WHERE {_WHOSE}"
        )
    client.command(statement, parameters={"subject": subject}, settings=_NOW)
    yield Erased(subject, "warehouse", table, count)


def _erase_derived(
    client: Client, table: str, columns: Sequence[tuple[str, Any]], subject: str
) -> Iterator[Erased]:
    """Delete the rows of a table that name a subject; what was built of them is built anew."""
    whose = " OR ".join(f"`{name}` = {{subject:String}}" for name, _ in columns)
    yield from _delete(client, table, f"({whose})", subject)


def _delete(client: Client, table: str, whose: str, subject: str) -> Iterator[Erased]:
    count = _count(client, table, whose, subject)
    if count:
        statement = f"ALTER TABLE {table} DELETE WHERE {whose}"
        client.command(statement, parameters={"subject": subject}, settings=_NOW)
        yield Erased(subject, "warehouse", table, count)


def _count(client: Client, table: str, whose: str, subject: str) -> int:
    query = f"SELECT count() FROM {table} WHERE {whose}"
    return int(client.query(query, parameters={"subject": subject}).result_rows[0][0])
