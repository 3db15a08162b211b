"""What distinguishes two tables of the raw tables' layout within a range of offsets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from clickhouse_connect.driver.client import Client

from pipelines.ingest.reading import Span

NAMED = 10
"""So many of the events that differ are named."""
_COLUMNS = "event_id, type, version, occurred_at, received_at, subject, trace_id, data, _topic"

Kind = Literal["missing", "extra", "changed"]


@dataclass(frozen=True)
class Difference:
    """Messages in which a table differs from what was replayed.

    Parameters
    ----------
    kind
        ``missing``: less often there than replayed; ``extra``: more often; ``changed``: as often,
        with other content.
    count
        How many messages.
    events
        The first `NAMED` of them, as ``partition/offset event id``.
    """

    kind: Kind
    count: int
    events: list[str]


def rows_of(client: Client, table: str, spans: Mapping[int, Span]) -> int:
    """Return how many rows of a range a table has."""
    query = f"SELECT count() FROM {table} WHERE {_within(spans)}"
    return int(client.query(query).result_rows[0][0])


def differences(
    client: Client, replayed: str, raw: str, spans: Mapping[int, Span]
) -> list[Difference]:
    """Return in what a raw table differs from a replayed one; nothing if both hold the same.

    Content is compared by a hash of every column that the message decides.
    """
    digests = {
        tuple(
            client.query(
                f"SELECT count(), sum(sipHash64({_COLUMNS}, _partition, _offset)) "
                f"FROM {table} WHERE {_within(spans)}"
            ).result_rows[0]
        )
        for table in (replayed, raw)
    }
    if len(digests) == 1:
        return []
    sides = " UNION ALL ".join(
        f"SELECT _partition, _offset, event_id, sipHash64({_COLUMNS}) AS hash, {side} AS side "
        f"FROM {table} WHERE {_within(spans)}"
        for side, table in enumerate((replayed, raw))
    )
    rows = client.query(
        "SELECT kind, count(), arraySlice(arraySort(groupArray(place)), 1, {named:UInt32}) FROM ("
        " SELECT (_partition, _offset, toString(event_id)) AS place,"
        "  countIf(side = 0) AS there, countIf(side = 1) AS here,"
        "  multiIf(here < there, 'missing', here > there, 'extra', 'changed') AS kind"
        f" FROM ({sides}) GROUP BY _partition, _offset, event_id"
        " HAVING here != there OR sumIf(hash, side = 0) != sumIf(hash, side = 1)"
        ") GROUP BY kind ORDER BY kind",
        parameters={"named": NAMED},
    ).result_rows
    return [
        Difference(kind, int(count), [f"{n}/{offset} {id_}" for n, offset, id_ in places])
        for kind, count, places in rows
    ]


def _within(spans: Mapping[int, Span]) -> str:
    return " OR ".join(
        f"(_partition = {number} AND _offset >= {span.first} AND _offset < {span.end})"
        for number, span in spans.items()
    )
