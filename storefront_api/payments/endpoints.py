"""Refunds and disputes over HTTP."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response

from storefront_api.payments import service
from storefront_api.payments.schemas import DisputeIn, DisputeOut, RefundIn, RefundOut
from storefront_api.payments.signature import verify
from storefront_api.platform.auth import Refunding, public
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.requests import Keyed, StatedAt
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["payments"])


@router.post(
    "/orders/{order_id}/refunds",
    status_code=201,
    response_model=RefundOut,
    responses=problems(401, 403, 404, 409, *BODY, 503),
)
async def refund(
    services: Injected,
    caller: Refunding,
    order_id: UUID,
    wanted: RefundIn,
    request: Keyed,
    stated_at: StatedAt,
    trace_id: TraceId,
) -> Response:
    """Give back a part of an order's money, with the goods that came back."""
    answer = await service.refund(services, request, order_id, wanted, stated_at, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.post(
    "/webhooks/disputes", dependencies=[Depends(public)], responses=problems(401, 404, *BODY, 503)
)
async def dispute(
    services: Injected,
    http: Request,
    reported: DisputeIn,
    trace_id: TraceId,
    x_signature: Annotated[str, Header(max_length=200, description="See payments/signature.py.")],
) -> DisputeOut:
    """Take a chargeback report, signed by the payment provider."""
    secret = services.settings.dispute_webhook_secret.get_secret_value()
    verify(secret, x_signature, await http.body(), services.clock())
    return await service.dispute(services, reported, trace_id)
