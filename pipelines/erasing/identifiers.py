"""By what else subjects were known: the ids of browsers and sessions that were theirs alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clickhouse_connect.driver.client import Client

_SEEN = """
SELECT subject, arrayJoin([
    JSONExtractString(data, 'anonymous_id'), JSONExtractString(data, 'session_id')
]) AS name FROM raw.clickstream
UNION ALL
SELECT subject, JSONExtractString(data, 'session_id') AS name FROM raw.orders
"""
_FOUND = f"""
SELECT DISTINCT subject, name FROM ({_SEEN})
WHERE name <> '' AND subject IN {{erased:Array(String)}}
UNION DISTINCT
SELECT mine.identifier AS subject, theirs.identifier AS name
FROM people.members AS mine
JOIN people.members AS theirs ON theirs.person_id = mine.person_id
WHERE mine.kind = 'subject' AND mine.person_id <> '' AND NOT theirs.is_shared
    AND theirs.kind IN ('anonymous_id', 'session_id')
    AND mine.identifier IN {{erased:Array(String)}}
"""
_ELSEWHERE = f"""
SELECT DISTINCT name FROM ({_SEEN}) WHERE name IN {{names:Array(String)}}
    AND subject <> '' AND NOT startsWith(subject, 'erased-')
    AND subject NOT IN {{erased:Array(String)}}
"""


def identifiers_of(client: Client, erased: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Return the ids that were seen with each subject, or that stitching gave to the same person.

    What somebody else used, too, who is not erased, is that one's as well and is left.
    """
    found = client.query(_FOUND, parameters={"erased": list(erased)}).result_rows
    rows = sorted((str(subject), str(name)) for subject, name in found)
    names = sorted({name for _, name in rows})
    others: set[str] = set()
    if names:
        parameters = {"names": names, "erased": list(erased)}
        used = client.query(_ELSEWHERE, parameters=parameters).result_rows
        others = {str(row[0]) for row in used}
    known: dict[str, list[str]] = {subject: [] for subject in erased}
    for subject, name in rows:
        if name not in others:
            known[subject].append(name)
    return known
