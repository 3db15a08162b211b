"""Making shipments, and what the staff does with them until a carrier has them."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from storefront_api.events.fulfilment import ShipmentStatus
from storefront_api.fulfilment import repository
from storefront_api.fulfilment.carriers import OWN
from storefront_api.fulfilment.outgoing import changed, created
from storefront_api.fulfilment.repository import Shipment
from storefront_api.fulfilment.schemas import PackIn, RateOut, ScanOut, ShipmentIn, ShipmentOut
from storefront_api.inventory import sending
from storefront_api.inventory.outgoing import When
from storefront_api.orders import changes
from storefront_api.orders import changes_repository as orders
from storefront_api.orders.changes import LockedOrder, What
from storefront_api.orders.status import RANK, OrderStatus
from storefront_api.platform import idempotency
from storefront_api.platform.auth import Caller
from storefront_api.platform.carrier import Carrier, CarrierAwayError, CarrierRefusedError, Parcel
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import AwayError, ConflictError, InvalidError, NotFoundError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.services import Services

_Answer = TypeVar("_Answer")


class NothingToSendError(ConflictError):
    """The order is over, or its shopper has it already."""

    code = "nothing_to_send"


class OverAllocatedError(ConflictError):
    """There is less of a line left to be sent than was asked for."""

    code = "over_allocated"


class ShipmentStateError(ConflictError):
    """The shipment is too far, or not far enough, for that."""

    code = "shipment_state"


class CarrierRefusalError(ConflictError):
    """The carrier will not do this."""

    code = "carrier_refused"


def shown(shipment: Shipment) -> ShipmentOut:
    """Return a shipment as it is answered."""
    return ShipmentOut(
        shipment_id=shipment.shipment_id,
        order_id=shipment.order_id,
        carrier=shipment.carrier,
        status=shipment.status,
        lines=shipment.lines,
        packaging=shipment.packaging,
        tracking_number=shipment.tracking_number,
        scans=[
            ScanOut(kind=scan.kind, scanned_at=scan.scanned_at)
            for scan in sorted(shipment.scans, key=lambda scan: (scan.scanned_at, RANK[scan.kind]))
        ],
    )


async def allocate(
    services: Services, request: Request, order_id: UUID, wanted: ShipmentIn, trace_id: str
) -> Answer:
    """Set parts of an order aside for one shipment, or answer as under the same key before.

    Raises
    ------
    NotFoundError
        If there is no such order.
    InvalidError
        If there is no such carrier.
    NothingToSendError, OverAllocatedError
        If the order is over, or less is left of it than was asked for.
    NoSourceError
        If no active warehouse has it.
    """
    if wanted.carrier != OWN and wanted.carrier not in services.carriers:
        known = ", ".join([OWN, *services.carriers])
        raise InvalidError(f"must be one of {known}", field="body.carrier")
    now = services.clock()
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, request)
        if given is not None:
            return given
        order = await changes.lock(connection, order_id)
        status = (await changes.facts(connection, order_id)).status
        if order.channel == "till" or status in (OrderStatus.CANCELLED, OrderStatus.REFUNDED):
            raise NothingToSendError(f"the order is {status}", field="path.order_id")
        await sending.prepare(connection, order_id, When(now, now, trace_id))
        units = await _units(connection, order_id, wanted)
        lines = await repository.allocate(connection, order_id, units)
        short = sorted(set(units) - {line.line_number for line in lines})
        if short or not lines:
            raise OverAllocatedError(
                "that much is not left to be sent",
                field="body.lines",
                details=[{"line_number": number, "wanted": units[number]} for number in short],
            )
        shipment_id = new_id()
        await repository.insert(connection, shipment_id, order_id, wanted.carrier, lines, now)
        await sending.source(connection, order_id, shipment_id, units, wanted.warehouse_id)
        shipment = await _found(connection, shipment_id)
        await enqueue(connection, [created(order, shipment, now, trace_id)])
        details = {
            "shipment_id": str(shipment_id),
            "carrier": wanted.carrier,
            "lines": [line.model_dump(include={"line_number", "quantity"}) for line in lines],
        }
        await changes.note(connection, order, What.ALLOCATED, now, now, details)
        answer = Answer(201, shown(shipment).model_dump_json())
        await idempotency.keep(connection, request, answer)
    return answer


async def _units(connection: Connection, order_id: UUID, wanted: ShipmentIn) -> dict[int, int]:
    if wanted.lines:
        return {line.line_number: line.quantity for line in wanted.lines}
    if wanted.warehouse_id:
        return await sending.idle_in(connection, order_id, wanted.warehouse_id)
    return await repository.unallocated(connection, order_id)


async def _found(connection: Connection, shipment_id: UUID) -> Shipment:
    shipment = await repository.find(connection, shipment_id)
    if shipment is None:
        raise NotFoundError(f"there is no shipment {shipment_id}", field="path.shipment_id")
    return shipment


async def locked(connection: Connection, shipment_id: UUID) -> tuple[LockedOrder, Shipment]:
    """Lock a shipment's order and return both, the shipment as it is under the lock.

    Raises
    ------
    NotFoundError
        If there is no such shipment.
    """
    order_id = (await _found(connection, shipment_id)).order_id
    order = await changes.lock(connection, order_id)
    return order, await _found(connection, shipment_id)


async def read(services: Services, shipment_id: UUID) -> ShipmentOut:
    """Return a shipment.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    return shown(await _found(services.pool, shipment_id))


async def of_order(services: Services, caller: Caller, order_id: UUID) -> list[ShipmentOut]:
    """Return the shipments of an order that the caller may see.

    Raises
    ------
    NotFoundError
        If there is none, or it is somebody else's.
    """
    if not await orders.is_there(services.pool, order_id, changes.owner(caller)):
        raise changes.missing(order_id)
    return [shown(part) for part in await repository.of_order(services.pool, order_id)]


async def pack(services: Services, shipment_id: UUID, wanted: PackIn, trace_id: str) -> ShipmentOut:
    """Note what a shipment is packed in, once.

    Raises
    ------
    NotFoundError
        If there is no such shipment.
    ShipmentStateError
        If it is packed already, was scanned or given up.
    """
    now = services.clock()
    async with transaction(services.pool) as connection:
        order, shipment = await locked(connection, shipment_id)
        packed = shipment.status is ShipmentStatus.ALLOCATED and await repository.pack(
            connection, shipment_id, wanted.packaging.value, wanted.mass_grams, now
        )
        if not packed:
            raise _state(shipment)
        told = changed(order, shipment, ShipmentStatus.PACKED, now, now, trace_id)
        await enqueue(connection, told)
        details = {"shipment_id": str(shipment_id), "packaging": wanted.packaging.value}
        await changes.note(connection, order, What.PACKED, now, now, details)
        return shown(await _found(connection, shipment_id))


def _state(shipment: Shipment) -> ShipmentStateError:
    return ShipmentStateError(f"it is {shipment.status}", field="path.shipment_id")


def _carrier(services: Services, shipment: Shipment) -> tuple[Carrier, Parcel]:
    carrier = services.carriers.get(shipment.carrier)
    if carrier is None:
        raise ShipmentStateError(f"{shipment.carrier} has no labels", field="path.shipment_id")
    if shipment.packed_at is None or shipment.mass_grams is None or shipment.voided_at is not None:
        raise _state(shipment)
    return carrier, Parcel(shipment.mass_grams, shipment.distance_km, shipment.packed_at)


async def _asked(call: Awaitable[_Answer]) -> _Answer:
    try:
        return await call
    except CarrierAwayError as error:
        raise AwayError(f"the carrier does not answer: {error}") from error
    except CarrierRefusedError as error:
        raise CarrierRefusalError(str(error), field="path.shipment_id") from error


async def rates(services: Services, shipment_id: UUID) -> list[RateOut]:
    """Return what a packed shipment's carrier asks for it.

    Raises
    ------
    NotFoundError, ShipmentStateError
        If there is no such shipment, or it is not packed or was given up.
    CarrierRefusalError, AwayError
        If the carrier will not carry it, or does not answer.
    """
    carrier, parcel = _carrier(services, await _found(services.pool, shipment_id))
    return [RateOut(**vars(rate)) for rate in await _asked(carrier.rate(parcel))]


async def label(services: Services, shipment_id: UUID, service: str) -> ShipmentOut:
    """Buy a packed shipment's label, or return the shipment that has one.

    The carrier is asked under the shipment's id, so that whoever is killed in between buys none
    twice. A label that was bought while the shipment was given up is known, and voided.

    Raises
    ------
    NotFoundError, ShipmentStateError
        If there is no such shipment, or it is not packed or was given up.
    CarrierRefusalError, AwayError
        If the carrier will not carry it, or does not answer.
    """
    shipment = await _found(services.pool, shipment_id)
    carrier, parcel = _carrier(services, shipment)
    if shipment.tracking_number:
        return shown(shipment)
    bought = await _asked(carrier.label(parcel, service, str(shipment_id)))
    now = services.clock()
    async with transaction(services.pool) as connection:
        order, shipment = await locked(connection, shipment_id)
        new = await repository.label(connection, shipment_id, bought, now)
        if new and shipment.voided_at is None:
            details = {"shipment_id": str(shipment_id), "tracking_number": bought.tracking_number}
            await changes.note(connection, order, What.LABELLED, now, now, details)
    shipment = await _found(services.pool, shipment_id)
    if shipment.voided_at is not None:
        raise _state(shipment)
    return shown(shipment)


async def release(
    connection: Connection, order: LockedOrder, shipment: Shipment, now: datetime, trace_id: str
) -> None:
    """Give a shipment of a locked order up that no carrier has."""
    await repository.void(connection, shipment.shipment_id, now)
    told = changed(order, shipment, ShipmentStatus.VOIDED, now, now, trace_id)
    await enqueue(connection, told)
    details = {"shipment_id": str(shipment.shipment_id)}
    await changes.note(connection, order, What.RELEASED, now, now, details)


async def void(services: Services, shipment_id: UUID, trace_id: str) -> ShipmentOut:
    """Give a shipment up; one that was given up stays so.

    Raises
    ------
    NotFoundError
        If there is no such shipment.
    ShipmentStateError
        If a carrier has it.
    """
    async with transaction(services.pool) as connection:
        order, shipment = await locked(connection, shipment_id)
        if shipment.status is not ShipmentStatus.VOIDED:
            if RANK[shipment.status] >= RANK[ShipmentStatus.ACCEPTED]:
                raise _state(shipment)
            await release(connection, order, shipment, services.clock(), trace_id)
        return shown(await _found(connection, shipment_id))
