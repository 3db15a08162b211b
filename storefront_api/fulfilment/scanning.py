"""Scans: told by a carrier's webhook, asked of it, or made by the store's own people.

They may come late, twice and in any order; the shipment's status follows from all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from storefront_api.events.fulfilment import ShipmentStatus
from storefront_api.fulfilment import repository
from storefront_api.fulfilment.outgoing import changed
from storefront_api.fulfilment.repository import Shipment
from storefront_api.fulfilment.schemas import ScanIn, ShipmentOut
from storefront_api.fulfilment.service import locked, shown
from storefront_api.inventory import sending
from storefront_api.inventory.outgoing import When
from storefront_api.marketplace.trade import scorecard
from storefront_api.orders import changes
from storefront_api.orders.changes import LockedOrder, What
from storefront_api.orders.status import RANK, SCANNED, latest
from storefront_api.platform.apart import apart, passed_over
from storefront_api.platform.carrier import (
    Carrier,
    CarrierAwayError,
    CarrierRefusedError,
    CarrierScan,
    ForgedScanError,
)
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import InvalidError, NotFoundError, UnauthenticatedError
from storefront_api.platform.outbox import enqueue
from storefront_api.services import Services

log = structlog.get_logger()

AHEAD = timedelta(hours=1)
"""How far a scanner's clock may be ahead of the store's."""
ASK_EVERY = timedelta(minutes=5)
"""How often a carrier is asked about a shipment, in case its webhooks are lost."""
AT_ONCE = 50
"""Shipments that one sweep looks at."""

_Scan = tuple[ShipmentStatus, datetime, str]


async def _take(
    connection: Connection,
    order: LockedOrder,
    shipment: Shipment,
    scans: Sequence[_Scan],
    now: datetime,
    trace_id: str,
) -> None:
    await repository.scan(connection, shipment.shipment_id, scans, now)
    after = await repository.find(connection, shipment.shipment_id)
    if after is None or after.status is shipment.status:
        return
    counts = latest(after.scans)
    at = counts.scanned_at if counts else now
    await enqueue(connection, changed(order, shipment, after.status, at, now, trace_id))
    accepted = RANK[ShipmentStatus.ACCEPTED]
    if RANK[shipment.status] < accepted <= RANK[after.status]:
        first = min(each.scanned_at for each in after.scans if RANK[each.kind] >= accepted)
        lines = {line.line_number for line in after.lines}
        await scorecard.shipped(connection, after.shipment_id, order.order_id, lines, first, now)
        await sending.ship(connection, after.shipment_id, When(at, now, trace_id))
    if after.status is ShipmentStatus.DELIVERED:
        what = What.DELIVERED
    elif RANK[shipment.status] < accepted <= RANK[after.status]:
        what = What.SHIPPED
    else:
        what = What.MOVED
    details = {
        "shipment_id": str(after.shipment_id),
        "shipment_status": after.status.value,
        "carrier": after.carrier,
        "tracking_number": after.tracking_number,
    }
    await changes.note(connection, order, what, at, now, details)
    if after.status in (ShipmentStatus.DELIVERED, ShipmentStatus.SENT_BACK):
        await repository.end(connection, after.shipment_id, now)


def _known(scans: Sequence[CarrierScan], now: datetime) -> dict[str, list[_Scan]]:
    by_number: dict[str, list[_Scan]] = {}
    for scan in scans:
        if scan.kind not in SCANNED or scan.scanned_at > now + AHEAD:
            # Not refused: the carrier would send it again and again, with what is good in it.
            log.warning("a scan is passed over", kind=scan.kind, number=scan.tracking_number)
            continue
        kind = ShipmentStatus(scan.kind)
        by_number.setdefault(scan.tracking_number, []).append((kind, scan.scanned_at, scan.place))
    return by_number


async def take(
    pool: Any, carrier: str, scans: Sequence[CarrierScan], now: datetime, trace_id: str
) -> int:
    """Record a carrier's scans and return how many of the store's shipments they were of."""
    found = 0
    for number, told in sorted(_known(scans, now).items()):
        known = await repository.of_number(pool, carrier, number)
        if known is None:
            continue
        async with transaction(pool) as connection:
            order, shipment = await locked(connection, known.shipment_id)
            await _take(connection, order, shipment, told, now, trace_id)
        found += 1
    return found


async def told(services: Services, carrier: str, body: bytes, signature: str, trace_id: str) -> int:
    """Take a carrier's signed notice and return how many of the store's shipments it was about.

    Raises
    ------
    NotFoundError
        If there is no such carrier.
    UnauthenticatedError
        If the carrier did not sign it, or not lately.
    InvalidError
        If it cannot be read.
    """
    now = services.clock()
    port = services.carriers.get(carrier)
    if port is None:
        raise NotFoundError(f"there is no carrier {carrier}", field="path.carrier")
    try:
        scans = port.scans(body, signature, now)
    except ForgedScanError as error:
        raise UnauthenticatedError(str(error), field="header.X-Signature") from error
    except CarrierRefusedError as error:
        raise InvalidError(str(error), field="body") from error
    return await take(services.pool, carrier, scans, now, trace_id)


async def scan(services: Services, shipment_id: UUID, wanted: ScanIn, trace_id: str) -> ShipmentOut:
    """Record a scan that the store's own people made.

    Raises
    ------
    NotFoundError
        If there is no such shipment.
    InvalidError
        If it is said to be of the future.
    """
    now = services.clock()
    at = wanted.scanned_at or now
    if at > now + AHEAD:
        raise InvalidError("must not be in the future", field="body.scanned_at")
    async with transaction(services.pool) as connection:
        order, shipment = await locked(connection, shipment_id)
        await _take(connection, order, shipment, [(wanted.kind, at, wanted.place)], now, trace_id)
        _, shipment = await locked(connection, shipment_id)
        return shown(shipment)


async def follow(pool: Any, carriers: Mapping[str, Carrier], now: datetime) -> int:
    """Ask carriers about shipments on their way and return how many were asked about.

    Several workers may: a shipment is asked about by one of them at a time.
    """
    asked = await repository.ask(pool, now, now - ASK_EVERY, AT_ONCE)
    for row in asked:
        number = row["tracking_number"]
        with apart("tracking", number=number):
            try:
                scans = await carriers[row["carrier"]].track(number)
            except (CarrierAwayError, CarrierRefusedError, KeyError) as error:
                # The others may be on their way with another carrier.
                passed_over("tracking", error, number=number)
                continue
            await take(pool, row["carrier"], scans, now, "")
    return len(asked)


async def void_labels(pool: Any, carriers: Mapping[str, Carrier], now: datetime) -> int:
    """Give labels of voided shipments back to their carriers and return how many."""
    rows = await repository.labels_to_void(pool, AT_ONCE)
    done = 0
    for row in rows:
        number = row["tracking_number"]
        with apart("labels", number=number):
            try:
                await carriers[row["carrier"]].void(number)
            except CarrierAwayError as error:
                passed_over("labels", error, number=number)
                continue
            except CarrierRefusedError as error:
                log.error("the label was not taken back", number=number, error=str(error))
            await repository.label_voided(pool, row["shipment_id"], now)
            done += 1
    return done
