"""Erasing subjects from the warehouse: raw events, dead letters, and all that dbt made of them.

Commerce stays, because marts have to agree with the books to the cent, but each of its events is
then a stranger's of its own: neither two orders of one person nor their card, device or postal
area can be told any more. Everything else goes. Who is named in events about others is named there
no more. Days whose events changed are written down as
touched, so that their marts are built anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

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
_UNNAMED = "replaceAll(data, {subject:String}, '')"
_BLANKED = rf"""replaceRegexpAll({_UNNAMED},
    '"(device_id|session_id|ip_country|fingerprint|area)":\\s*"[^"]*"', '"\\1":""'
)"""
_OWN = "subject = {subject:String} AND type <> 'subject_erased'"
_NAMING = "subject <> {subject:String} AND position(data, {subject:String}) > 0"
"""Events about others, or about nobody, that name the subject in passing."""
_NAMED = "multiSearchAny(payload, {names:Array(String)})"
_NAMELESS = (
    "subject = '' AND (JSONExtractString(data, 'anonymous_id') IN {names:Array(String)} "
    "OR JSONExtractString(data, 'session_id') IN {names:Array(String)})"
)
_TOUCH = """
INSERT INTO raw.touched_days (module, day, ingested_at, rows)
SELECT {module:String}, toDate(occurred_at), now64(3), count() FROM raw.<module>
WHERE <whose> GROUP BY 2
"""
_DERIVED = """
SELECT c.database, c.table, groupArray(c.name)
FROM system.columns AS c
JOIN system.tables AS t ON t.database = c.database AND t.name = c.table
WHERE t.engine LIKE '%MergeTree' AND c.type IN ('String', 'LowCardinality(String)')
    AND c.database NOT IN ('system', 'raw', 'INFORMATION_SCHEMA', 'information_schema')
GROUP BY c.database, c.table ORDER BY c.database, c.table
"""


def erase_warehouse(client: Client, known: Mapping[str, Sequence[str]]) -> Iterator[Erased]:
    """Erase subjects from every table, and yield what was found of each where.

    Again, it finds nothing and changes nothing.

    Parameters
    ----------
    known
        By subject, the ids of browsers and sessions that it was known by as well.
    """
    people = [_Person(subject, [subject, *names]) for subject, names in known.items()]
    for person in people:
        yield from _delete(client, "raw.dead_letters", _NAMED, person)
        yield from _forget_nameless(client, person)
        for module, treatment in MODULES.items():
            yield from _erase_events(client, module, treatment, person)
    derived = client.query(_DERIVED).result_rows
    for person in people:
        for database, table, columns in derived:
            yield from _erase_derived(client, f"{database}.{table}", columns, person)


class _Person(NamedTuple):
    subject: str
    names: Sequence[str]


def _forget_nameless(client: Client, person: _Person) -> Iterator[Erased]:
    """Delete clicks from before the subject was known, of its browsers and sessions."""
    found = _count(client, "raw.clickstream", _NAMELESS, person)
    if found:
        _touch(client, "clickstream", _NAMELESS, person)
        statement = f"ALTER TABLE raw.clickstream DELETE WHERE {_NAMELESS}"
        client.command(statement, parameters=person._asdict(), settings=_NOW)
        yield Erased(person.subject, "warehouse", "raw.clickstream before", found)


def _erase_events(
    client: Client, module: str, treatment: Treatment, person: _Person
) -> Iterator[Erased]:
    table = f"raw.{module}"
    own = f"ALTER TABLE {table} DELETE WHERE {_OWN}"
    if treatment is Treatment.ANONYMOUS:
        values = f"data = {_BLANKED}, subject = {_STRANGER}"
        own = f"ALTER TABLE {table} UPDATE {values} WHERE {_OWN}"
    naming = f"ALTER TABLE {table} UPDATE data = {_UNNAMED} WHERE {_NAMING}"
    count = 0
    for whose, statement in ((_OWN, own), (_NAMING, naming)):
        if found := _count(client, table, whose, person):
            _touch(client, module, whose, person)
            client.command(statement, parameters=person._asdict(), settings=_NOW)
            count += found
    if count:
        yield Erased(person.subject, "warehouse", table, count)


def _touch(client: Client, module: str, whose: str, person: _Person) -> None:
    """Write down whose days are about to change: a kill in between builds them once too often."""
    touch = _TOUCH.replace("<module>", module).replace("<whose>", whose)
    client.command(touch, parameters={"module": module, **person._asdict()})


def _erase_derived(
    client: Client, table: str, columns: Sequence[str], person: _Person
) -> Iterator[Erased]:
    """Delete the rows of a table that name a subject; what was built of them is built anew."""
    whose = " OR ".join(f"`{name}` IN {{names:Array(String)}}" for name in columns)
    yield from _delete(client, table, f"({whose})", person)


def _delete(client: Client, table: str, whose: str, person: _Person) -> Iterator[Erased]:
    count = _count(client, table, whose, person)
    if count:
        statement = f"ALTER TABLE {table} DELETE WHERE {whose}"
        client.command(statement, parameters=person._asdict(), settings=_NOW)
        yield Erased(person.subject, "warehouse", table, count)


def _count(client: Client, table: str, whose: str, person: _Person) -> int:
    query = f"SELECT count() FROM {table} WHERE {whose}"
    return int(client.query(query, parameters=person._asdict()).result_rows[0][0])
