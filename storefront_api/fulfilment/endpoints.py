"""Fulfilment over HTTP."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from storefront_api.fulfilment import cancellation, packaging, scanning, service
from storefront_api.fulfilment.schemas import (
    CancelIn,
    CancelledOut,
    DepositIn,
    DepositOut,
    LabelIn,
    PackagingOptions,
    PackIn,
    RateOut,
    ScanIn,
    ScansTaken,
    ShipmentIn,
    ShipmentOut,
)
from storefront_api.platform.auth import Fulfilling, Known, public
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.requests import Keyed
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["fulfilment"])

CHANGING = problems(401, 403, 404, 409, *BODY, 503)


@router.get("/packaging-options", dependencies=[Depends(public)], responses=problems(422, 503))
async def packaging_options(
    services: Injected,
    currency: Annotated[str, Query(pattern="^[A-Z]{3}$", description="ISO 4217 code.")] = "USD",
) -> PackagingOptions:
    """List what an order may be packed in, with price, deposit and footprint of each."""
    return await packaging.options(services, currency)


@router.post("/orders/{order_id}/cancel", response_model=CancelledOut, responses=CHANGING)
async def cancel(
    services: Injected,
    caller: Known,
    order_id: UUID,
    wanted: CancelIn,
    request: Keyed,
    trace_id: TraceId,
) -> Response:
    """Cancel an order of which nothing was sent: stock, codes and money go back."""
    answer = await cancellation.cancel(services, request, caller, order_id, wanted.reason, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.post(
    "/orders/{order_id}/deposits", status_code=201, response_model=DepositOut, responses=CHANGING
)
async def return_deposit(
    services: Injected,
    caller: Fulfilling,
    order_id: UUID,
    wanted: DepositIn,
    request: Keyed,
    trace_id: TraceId,
) -> Response:
    """Give the deposit of reusable packaging that came back."""
    answer = await packaging.return_deposit(services, request, order_id, wanted.pieces, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.post(
    "/orders/{order_id}/shipments", status_code=201, response_model=ShipmentOut, responses=CHANGING
)
async def allocate(
    services: Injected,
    caller: Fulfilling,
    order_id: UUID,
    wanted: ShipmentIn,
    request: Keyed,
    trace_id: TraceId,
) -> Response:
    """Set parts of an order aside for one shipment, never more than was ordered."""
    answer = await service.allocate(services, request, order_id, wanted, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.get("/orders/{order_id}/shipments", responses=problems(401, 404, 422, 503))
async def shipments(services: Injected, caller: Known, order_id: UUID) -> list[ShipmentOut]:
    """List an order's shipments, for its owner and for the staff."""
    return await service.of_order(services, caller, order_id)


@router.get("/shipments/{shipment_id}", responses=problems(401, 403, 404, 422, 503))
async def read(services: Injected, caller: Fulfilling, shipment_id: UUID) -> ShipmentOut:
    """Read a shipment."""
    return await service.read(services, shipment_id)


@router.delete("/shipments/{shipment_id}", responses=problems(401, 403, 404, 409, 422, 503))
async def void(
    services: Injected, caller: Fulfilling, shipment_id: UUID, trace_id: TraceId
) -> ShipmentOut:
    """Give up a shipment that no carrier has; its units may be sent otherwise."""
    return await service.void(services, shipment_id, trace_id)


@router.post("/shipments/{shipment_id}/pack", responses=CHANGING)
async def pack(
    services: Injected, caller: Fulfilling, shipment_id: UUID, wanted: PackIn, trace_id: TraceId
) -> ShipmentOut:
    """Note what a shipment is packed in; it is packed once."""
    return await service.pack(services, shipment_id, wanted, trace_id)


@router.get("/shipments/{shipment_id}/rates", responses=problems(401, 403, 404, 409, 422, 503))
async def rates(services: Injected, caller: Fulfilling, shipment_id: UUID) -> list[RateOut]:
    """Ask the carrier what it wants for a packed shipment, cheapest first."""
    return await service.rates(services, shipment_id)


@router.post("/shipments/{shipment_id}/label", responses=CHANGING)
async def label(
    services: Injected, caller: Fulfilling, shipment_id: UUID, wanted: LabelIn
) -> ShipmentOut:
    """Buy the label of a packed shipment; it is bought once, however often it is asked for."""
    return await service.label(services, shipment_id, wanted.service)


@router.post("/shipments/{shipment_id}/scans", responses=CHANGING)
async def scan(
    services: Injected, caller: Fulfilling, shipment_id: UUID, wanted: ScanIn, trace_id: TraceId
) -> ShipmentOut:
    """Record a scan by the store's own people; the same scan again changes nothing."""
    return await scanning.scan(services, shipment_id, wanted, trace_id)


@router.post(
    "/webhooks/carriers/{carrier}",
    dependencies=[Depends(public)],
    responses=problems(401, 404, *BODY, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    },
)
async def told(
    services: Injected,
    http: Request,
    carrier: Annotated[str, Path(max_length=32)],
    trace_id: TraceId,
    x_signature: Annotated[str, Header(max_length=200, description="See payments/signature.py.")],
) -> ScansTaken:
    """Take scans that a carrier signed; they may come late, twice and in any order."""
    body = await http.body()
    found = await scanning.told(services, carrier, body, x_signature, trace_id)
    return ScansTaken(shipments=found)
