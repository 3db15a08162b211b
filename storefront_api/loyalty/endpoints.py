"""Loyalty points over HTTP; checkouts spend them."""

from __future__ import annotations

from fastapi import APIRouter, Response

from storefront_api.loyalty import service
from storefront_api.loyalty.schemas import LoyaltyRuleIn, LoyaltyRuleOut, PointsOut
from storefront_api.platform.auth import Collecting, PriceManager
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.requests import Keyed
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["loyalty"])


@router.post(
    "/loyalty/rules",
    status_code=201,
    response_model=LoyaltyRuleOut,
    responses=problems(401, 403, 409, *BODY, 503),
)
async def create_rule(
    services: Injected,
    caller: PriceManager,
    wanted: LoyaltyRuleIn,
    request: Keyed,
    trace_id: TraceId,
) -> Response:
    """Say what orders bring in points, and what points pay."""
    answer = await service.create_rule(services, request, wanted, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.get("/loyalty/points", responses=problems(401, 403, 503))
async def read(services: Injected, caller: Collecting) -> PointsOut:
    """Read how many points the customer may spend, and until when."""
    return await service.read(services, caller)
