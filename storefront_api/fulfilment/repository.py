"""The shipments' SQL. Who changes a shipment has locked its order's row before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.events.fulfilment import ShipmentStatus, ShippedLineV1
from storefront_api.orders.status import Scan, ShipmentFacts
from storefront_api.platform.carrier import Label
from storefront_api.platform.database import Connection

_ALLOCATE = """
UPDATE order_lines l SET allocated = l.allocated + w.quantity
FROM unnest($2::int[], $3::bigint[]) AS w (line_number, quantity)
WHERE l.order_id = $1 AND l.line_number = w.line_number
AND l.allocated + l.released + w.quantity <= l.quantity
RETURNING l.line_number, l.sku, w.quantity
"""
_UNALLOCATED = """
SELECT line_number, quantity - released - allocated AS units FROM order_lines
WHERE order_id = $1 AND allocated + released < quantity ORDER BY line_number
"""
_INSERT = """
INSERT INTO shipments (shipment_id, order_id, carrier, created_at) VALUES ($1, $2, $3, $4)
"""
_INSERT_LINES = """
INSERT INTO shipment_lines SELECT $1, $2, * FROM unnest($3::int[], $4::bigint[])
"""
_SELECT = """
SELECT s.*, o.currency, (o.delivery ->> 'distance_km')::float8 AS distance_km,
       array(SELECT kind FROM shipment_scans c WHERE c.shipment_id = s.shipment_id
             ORDER BY kind, scanned_at) AS kinds,
       array(SELECT scanned_at FROM shipment_scans c WHERE c.shipment_id = s.shipment_id
             ORDER BY kind, scanned_at) AS instants,
       (SELECT jsonb_agg(jsonb_build_object('line_number', l.line_number, 'sku', n.sku,
                                            'quantity', l.quantity) ORDER BY l.line_number)
        FROM shipment_lines l JOIN order_lines n USING (order_id, line_number)
        WHERE l.shipment_id = s.shipment_id) AS lines
FROM shipments s JOIN orders o USING (order_id)
"""
_FIND = f"{_SELECT} WHERE s.shipment_id = $1"
_OF_NUMBER = f"{_SELECT} WHERE s.carrier = $1 AND s.tracking_number = $2"
_OF_ORDER = f"{_SELECT} WHERE s.order_id = $1 ORDER BY s.created_at, s.shipment_id"
_PACK = """
UPDATE shipments SET packaging = $2, mass_grams = $3, packed_at = $4
WHERE shipment_id = $1 AND packed_at IS NULL AND voided_at IS NULL
"""
_LABEL = """
UPDATE shipments SET tracking_number = $2, label_minor = $3, label_currency = $4, labelled_at = $5
WHERE shipment_id = $1 AND tracking_number IS NULL
"""
_VOID = """
WITH voided AS (
    UPDATE shipments SET voided_at = $2 WHERE shipment_id = $1 AND voided_at IS NULL
    RETURNING shipment_id
)
UPDATE order_lines l SET allocated = l.allocated - s.quantity
FROM voided JOIN shipment_lines s USING (shipment_id)
WHERE l.order_id = s.order_id AND l.line_number = s.line_number
"""
_SCAN = """
INSERT INTO shipment_scans
SELECT $1, k, at, place, $5 FROM unnest($2::text[], $3::timestamptz[], $4::text[])
    AS scan (k, at, place)
ON CONFLICT DO NOTHING
"""
_END = "UPDATE shipments SET ended_at = coalesce(ended_at, $2) WHERE shipment_id = $1"
_ASK = """
UPDATE shipments SET asked_at = $1 WHERE shipment_id IN (
    SELECT shipment_id FROM shipments
    WHERE labelled_at IS NOT NULL AND voided_at IS NULL AND ended_at IS NULL
    AND (asked_at IS NULL OR asked_at <= $2)
    ORDER BY asked_at NULLS FIRST LIMIT $3 FOR UPDATE SKIP LOCKED
) RETURNING carrier, tracking_number
"""
_TO_VOID = """
SELECT shipment_id, carrier, tracking_number FROM shipments
WHERE labelled_at IS NOT NULL AND voided_at IS NOT NULL AND label_voided_at IS NULL
ORDER BY voided_at LIMIT $1
"""
_LABEL_VOIDED = "UPDATE shipments SET label_voided_at = $2 WHERE shipment_id = $1"
_CANCEL = "INSERT INTO order_cancellations VALUES ($1, $2, $3)"


@dataclass(frozen=True)
class Shipment:
    """A shipment as it is stored.

    Parameters
    ----------
    currency, distance_km
        Of its order.
    tracking_number
        Empty before there is a label.
    label_minor
        What the label cost, in minor units of `label_currency`.
    """

    shipment_id: UUID
    order_id: UUID
    carrier: str
    created_at: datetime
    packaging: str
    mass_grams: int | None
    packed_at: datetime | None
    tracking_number: str
    label_minor: int | None
    label_currency: str
    voided_at: datetime | None
    lines: list[ShippedLineV1]
    scans: tuple[Scan, ...]
    distance_km: float

    @property
    def units(self) -> int:
        """How much of all lines is in it."""
        return sum(line.quantity for line in self.lines)

    @property
    def status(self) -> ShipmentStatus:
        """How far it is."""
        if self.voided_at is not None:
            return ShipmentStatus.VOIDED
        return ShipmentFacts(self.units, self.packed_at is not None, self.scans).status


_PLAIN = Shipment.__dataclass_fields__.keys() - {
    "lines",
    "scans",
    "tracking_number",
    "label_currency",
}


def _shipment(row: Any) -> Shipment:
    pairs = zip(row["kinds"], row["instants"], strict=True)
    return Shipment(
        **{name: row[name] for name in _PLAIN},
        tracking_number=row["tracking_number"] or "",
        label_currency=row["label_currency"] or "",
        lines=[ShippedLineV1(**line) for line in row["lines"]],
        scans=tuple(Scan(ShipmentStatus(kind), at) for kind, at in pairs),
    )


async def allocate(
    connection: Connection, order_id: UUID, wanted: Mapping[int, int]
) -> list[ShippedLineV1]:
    """Set units aside and return the lines that had as many left, in order."""
    rows = await connection.fetch(_ALLOCATE, order_id, list(wanted), list(wanted.values()))
    return [ShippedLineV1(**dict(row)) for row in sorted(rows, key=lambda row: row["line_number"])]


async def unallocated(connection: Connection, order_id: UUID) -> dict[int, int]:
    """Return the units of each line that no shipment has."""
    rows = await connection.fetch(_UNALLOCATED, order_id)
    return {row["line_number"]: row["units"] for row in rows}


async def insert(
    connection: Connection,
    shipment_id: UUID,
    order_id: UUID,
    carrier: str,
    lines: Sequence[ShippedLineV1],
    now: datetime,
) -> None:
    """Insert a shipment of lines that were allocated."""
    await connection.execute(_INSERT, shipment_id, order_id, carrier, now)
    numbers, quantities = [n.line_number for n in lines], [n.quantity for n in lines]
    await connection.execute(_INSERT_LINES, shipment_id, order_id, numbers, quantities)


async def find(connection: Connection, shipment_id: UUID) -> Shipment | None:
    """Return a shipment."""
    row = await connection.fetchrow(_FIND, shipment_id)
    return _shipment(row) if row else None


async def of_number(connection: Connection, carrier: str, number: str) -> Shipment | None:
    """Return the shipment of a carrier's tracking number."""
    row = await connection.fetchrow(_OF_NUMBER, carrier, number)
    return _shipment(row) if row else None


async def of_order(connection: Connection, order_id: UUID) -> list[Shipment]:
    """Return an order's shipments, oldest first, those that were voided too."""
    return [_shipment(row) for row in await connection.fetch(_OF_ORDER, order_id)]


async def pack(
    connection: Connection, shipment_id: UUID, packaging: str, mass_grams: int, now: datetime
) -> bool:
    """Note that a shipment is packed; False if it is already, or was voided."""
    done: str = await connection.execute(_PACK, shipment_id, packaging, mass_grams, now)
    return done == "UPDATE 1"


async def label(connection: Connection, shipment_id: UUID, bought: Label, now: datetime) -> bool:
    """Note a shipment's label, of one that was voided meanwhile too; False if it has one."""
    done: str = await connection.execute(
        _LABEL, shipment_id, bought.tracking_number, bought.price_minor, bought.currency, now
    )
    return done == "UPDATE 1"


async def void(connection: Connection, shipment_id: UUID, now: datetime) -> None:
    """Give a shipment up: its units may be allocated again."""
    await connection.execute(_VOID, shipment_id, now)


async def scan(
    connection: Connection,
    shipment_id: UUID,
    scans: Sequence[tuple[ShipmentStatus, datetime, str]],
    now: datetime,
) -> None:
    """Append scans of a shipment, each of kind, instant and place; known ones are left as is."""
    kinds, instants, places = (list(column) for column in zip(*scans, strict=True))
    await connection.execute(_SCAN, shipment_id, kinds, instants, places, now)


async def end(connection: Connection, shipment_id: UUID, now: datetime) -> None:
    """Note that a shipment's carrier need not be asked any more."""
    await connection.execute(_END, shipment_id, now)


async def ask(connection: Connection, now: datetime, before: datetime, most: int) -> list[Any]:
    """Take shipments on their way that were not asked about since an instant, longest first.

    Returns
    -------
    Carrier and tracking number of each; no other call gets them until they are due again.
    """
    return list(await connection.fetch(_ASK, now, before, most))


async def labels_to_void(connection: Connection, most: int) -> list[Any]:
    """Return shipments that were voided and whose labels the carrier thinks are wanted."""
    return list(await connection.fetch(_TO_VOID, most))


async def label_voided(connection: Connection, shipment_id: UUID, now: datetime) -> None:
    """Note that a shipment's carrier knows that its label is not wanted."""
    await connection.execute(_LABEL_VOIDED, shipment_id, now)


async def cancel(connection: Connection, order_id: UUID, reason: str, now: datetime) -> None:
    """Note that a locked order is cancelled."""
    await connection.execute(_CANCEL, order_id, reason, now)
