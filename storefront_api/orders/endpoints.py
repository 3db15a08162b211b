"""Orders over HTTP."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from sse_starlette import EventSourceResponse

from storefront_api.orders import history, service, updates
from storefront_api.orders.schemas import HistoryOut, OrderIn, OrderOut, OrderPage
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
    """Place an order of a till's or a replay: its payment is stated, and nobody asks for it.

    Stock, order and event are one transaction. Shoppers buy through `POST /checkouts`.
    """
    placing = service.Placing(request, caller, stated_at, trace_id)
    answer = await service.place(services, placing, wanted)
    return Response(answer.body, answer.status, media_type="application/json")


@router.get("/orders/{order_id}", responses=problems(401, 404, 422, 503))
async def read(services: Injected, caller: Known, order_id: UUID) -> OrderOut:
    """Read an order that the caller placed, or that was placed for the caller."""
    return await service.read(services, caller, order_id)


@router.get("/orders", responses=problems(401, 422, 503))
async def page(
    services: Injected,
    caller: Known,
    after: Annotated[str, Query(max_length=400, description="A page's `next_cursor`.")] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> OrderPage:
    """List the caller's orders, latest first."""
    return await history.page(services, caller, after, limit)


@router.get("/orders/{order_id}/history", responses=problems(401, 404, 422, 503))
async def read_history(services: Injected, caller: Known, order_id: UUID) -> HistoryOut:
    """Read what happened to an order; entries are only ever added."""
    return await history.history(services, caller, order_id)


@router.get(
    "/orders/{order_id}/updates",
    response_class=EventSourceResponse,
    responses={
        200: {
            "description": "Entries of the order's log, as `history` shows them, each with its "
            "number as the event's id.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **problems(401, 404, 422, 503),
    },
)
async def follow(
    services: Injected,
    caller: Known,
    order_id: UUID,
    last_event_id: Annotated[
        int, Header(ge=0, le=2**31 - 1, description="Of the last entry that the client had.")
    ] = 0,
) -> EventSourceResponse:
    """Follow what happens to an order, from its beginning or from behind an entry on."""
    return await updates.follow(services, caller, order_id, last_event_id)
