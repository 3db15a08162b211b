"""The returns' SQL. Who changes a return has locked its order's row before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.platform.database import Connection

_LINES = """
SELECT l.line_number, l.sku, l.quantity, l.returning_units, l.list_minor, l.discount_minor,
       r.rule_id, r.version AS rule_version, r.days,
       coalesce((
           SELECT sum(b.units) FROM return_lines b JOIN returns t USING (return_id)
           WHERE b.order_id = l.order_id AND b.line_number = l.line_number
           AND t.state = 'received'
       ), 0)::bigint AS came_back
FROM order_lines l JOIN products p USING (sku) CROSS JOIN LATERAL (
    SELECT rule_id, version, days FROM return_rules
    WHERE department IN ('', p.department) AND valid_from <= $2
    ORDER BY department DESC, valid_from DESC, version DESC LIMIT 1
) r
WHERE l.order_id = $1
"""
_COUNT = """
UPDATE order_lines l SET returning_units = l.returning_units + w.units
FROM unnest($2::int[], $3::bigint[]) AS w (line_number, units)
WHERE l.order_id = $1 AND l.line_number = w.line_number
"""
_INSERT = """
INSERT INTO returns (return_id, order_id, state, requested_at) VALUES ($1, $2, 'requested', $3)
"""
_INSERT_LINES = """
INSERT INTO return_lines
    (return_id, order_id, line_number, units, reason, rule_id, rule_version)
SELECT $1, $2, * FROM unnest($3::int[], $4::bigint[], $5::text[], $6::text[], $7::int[])
"""
_SELECT = """
SELECT t.*, o.subject, o.placed_by, (
    SELECT jsonb_agg(to_jsonb(l) || jsonb_build_object(
        'sku', n.sku, 'refunded_minor', b.amount_minor, 'tax_minor', b.tax_minor
    ) ORDER BY l.line_number)
    FROM return_lines l JOIN order_lines n USING (order_id, line_number)
    LEFT JOIN refund_lines b ON b.refund_id = t.refund_id AND b.line_number = l.line_number
    WHERE l.return_id = t.return_id
) AS lines
FROM returns t JOIN orders o USING (order_id)
"""
_FIND = f"{_SELECT} WHERE t.return_id = $1 AND ($2 = '' OR $2 IN (o.placed_by, o.subject))"
_OF_ORDER = f"{_SELECT} WHERE t.order_id = $1 ORDER BY t.requested_at, t.return_id"
_DECIDE = """
UPDATE returns SET state = $2, decided_at = $3, decision = $4
WHERE return_id = $1 AND state = ANY($5)
"""
_RECEIVE = """
UPDATE returns SET state = 'received', received_at = $2
WHERE return_id = $1 AND state = 'approved'
"""
_INSPECT = """
UPDATE return_lines l SET restocked = w.restocked, written_off = w.written_off,
    list_minor = w.list_minor, discount_minor = w.discount_minor
FROM unnest($2::int[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
    AS w (line_number, restocked, written_off, list_minor, discount_minor)
WHERE l.return_id = $1 AND l.line_number = w.line_number
"""
_REFUNDED = "UPDATE returns SET refund_id = $2 WHERE return_id = $1"


@dataclass(frozen=True)
class Line:
    """An order's line, as far as returning it goes.

    Parameters
    ----------
    returning_units
        Units of returns that were not rejected.
    came_back
        Those of them that were received.
    rule_id, rule_version, days
        The rule in force for it, and how long after its delivery it may be returned.
    """

    line_number: int
    sku: str
    quantity: int
    returning_units: int
    list_minor: int
    discount_minor: int
    rule_id: str
    rule_version: int
    days: int
    came_back: int


async def lines(connection: Connection, order_id: UUID, now: datetime) -> dict[int, Line]:
    """Return an order's lines by number, each with the rule of its department or of all."""
    rows = await connection.fetch(_LINES, order_id, now)
    return {row["line_number"]: Line(**dict(row)) for row in rows}


async def count(connection: Connection, order_id: UUID, units: Mapping[int, int]) -> None:
    """Count units of lines as coming back, or with a minus as not coming back after all."""
    await connection.execute(_COUNT, order_id, list(units), list(units.values()))


async def insert(
    connection: Connection,
    return_id: UUID,
    order_id: UUID,
    wanted: Sequence[tuple[int, int, str, str, int]],
    now: datetime,
) -> None:
    """Insert a requested return.

    Parameters
    ----------
    wanted
        For each line its number, units, reason, and the rule's id and version.
    """
    await connection.execute(_INSERT, return_id, order_id, now)
    columns = [list(column) for column in zip(*wanted, strict=True)]
    await connection.execute(_INSERT_LINES, return_id, order_id, *columns)


async def find(connection: Connection, return_id: UUID, owner: str) -> Any:
    """Return a return with its lines, of the owner's orders unless that is empty."""
    return await connection.fetchrow(_FIND, return_id, owner)


async def of_order(connection: Connection, order_id: UUID) -> list[Any]:
    """Return an order's returns, oldest first."""
    return list(await connection.fetch(_OF_ORDER, order_id))


async def decide(
    connection: Connection,
    return_id: UUID,
    state: str,
    decision: str,
    before: Sequence[str],
    now: datetime,
) -> bool:
    """Approve or reject a return that is in one of some states; False if it is in another."""
    done: str = await connection.execute(_DECIDE, return_id, state, now, decision, list(before))
    return done == "UPDATE 1"


async def receive(
    connection: Connection,
    return_id: UUID,
    found: Sequence[tuple[int, int, int, int, int]],
    now: datetime,
) -> bool:
    """Note what came back of an approved return; False if it is not approved.

    Parameters
    ----------
    found
        For each line its number, units restocked and written off, and their list and discount.
    """
    done: str = await connection.execute(_RECEIVE, return_id, now)
    if done != "UPDATE 1":
        return False
    await connection.execute(
        _INSPECT, return_id, *(list(column) for column in zip(*found, strict=True))
    )
    return True


async def refunded(connection: Connection, return_id: UUID, refund_id: UUID) -> None:
    """Note by which refund a return was paid back."""
    await connection.execute(_REFUNDED, return_id, refund_id)
