"""Returns over HTTP."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from storefront_api.platform.auth import Fulfilling, Known
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.requests import Keyed
from storefront_api.platform.tracing import TraceId
from storefront_api.returns import receiving, service
from storefront_api.returns.schemas import DecisionIn, InspectionIn, ReturnIn, ReturnOut
from storefront_api.services import Injected

router = APIRouter(tags=["returns"])

CHANGING = problems(401, 403, 404, 409, *BODY, 503)


@router.post(
    "/orders/{order_id}/returns", status_code=201, response_model=ReturnOut, responses=CHANGING
)
async def request(
    services: Injected,
    caller: Known,
    order_id: UUID,
    wanted: ReturnIn,
    keyed: Keyed,
    trace_id: TraceId,
) -> Response:
    """Ask to give units back that were delivered, within the days of the rule in force."""
    answer = await service.request(services, keyed, caller, order_id, wanted, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.get("/orders/{order_id}/returns", responses=problems(401, 404, 422, 503))
async def of_order(services: Injected, caller: Known, order_id: UUID) -> list[ReturnOut]:
    """List an order's returns, for its owner and for the staff."""
    return await service.of_order(services, caller, order_id)


@router.get("/returns/{return_id}", responses=problems(401, 404, 422, 503))
async def read(services: Injected, caller: Known, return_id: UUID) -> ReturnOut:
    """Read a return."""
    return await service.read(services, caller, return_id)


@router.post("/returns/{return_id}/approve", responses=CHANGING)
async def approve(
    services: Injected, caller: Fulfilling, return_id: UUID, wanted: DecisionIn, trace_id: TraceId
) -> ReturnOut:
    """Say that the goods may be sent back."""
    return await service.approve(services, return_id, wanted.decision, trace_id)


@router.post("/returns/{return_id}/reject", responses=CHANGING)
async def reject(
    services: Injected, caller: Fulfilling, return_id: UUID, wanted: DecisionIn, trace_id: TraceId
) -> ReturnOut:
    """Say that the goods will not be taken back."""
    return await service.reject(services, return_id, wanted.decision, trace_id)


@router.post("/returns/{return_id}/receive", response_model=ReturnOut, responses=CHANGING)
async def receive(
    services: Injected,
    caller: Fulfilling,
    return_id: UUID,
    wanted: InspectionIn,
    keyed: Keyed,
    trace_id: TraceId,
) -> Response:
    """Take approved goods back: restock or write off each unit, and pay for them exactly."""
    answer = await receiving.receive(services, keyed, return_id, wanted, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")
