"""Orders over HTTP."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from storefront_api.orders import service
from storefront_api.orders.schemas import OrderIn, OrderOut
from storefront_api.platform.auth import Known, Placing
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.limits import limited
from storefront_api.platform.requests import Keyed, StatedAt
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["orders"])


@router.post(
    "/orders",
    status_code=201,
    response_model=OrderOut,
    dependencies=[limited("ordering")],
    responses=problems(401, 403, 409, *BODY, 503),
)
async def place(
    services: Injected,
    caller: Placing,
    wanted: OrderIn,
    request: Keyed,
    stated_at: StatedAt,
    trace_id: TraceId,
) -> Response:
    """Place an order: stock, order and event are one transaction."""
    placing = service.Placing(request, caller, stated_at, trace_id)
    answer = await service.place(services, placing, wanted)
    return Response(answer.body, answer.status, media_type="application/json")


@router.get("/orders/{order_id}", responses=problems(401, 404, 422, 503))
async def read(services: Injected, caller: Known, order_id: UUID) -> OrderOut:
    """Read an order that the caller placed, or that was placed for the caller."""
    return await service.read(services, caller, order_id)
