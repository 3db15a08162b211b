"""Promotions over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from storefront_api.platform.auth import PromotionManager
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.requests import Keyed
from storefront_api.platform.tracing import TraceId
from storefront_api.promotions import service
from storefront_api.promotions.schemas import PromotionIn, PromotionOut
from storefront_api.services import Injected

router = APIRouter(tags=["promotions"])


@router.post(
    "/promotions",
    status_code=201,
    response_model=PromotionOut,
    responses=problems(401, 403, 409, *BODY, 503),
)
async def create(
    services: Injected,
    caller: PromotionManager,
    wanted: PromotionIn,
    request: Keyed,
    trace_id: TraceId,
) -> Response:
    """Create a promotion code."""
    answer = await service.create(services, request, wanted, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.get("/promotions/{code}", responses=problems(401, 403, 404, 422, 503))
async def read(
    services: Injected, caller: PromotionManager, code: Annotated[str, Path(max_length=32)]
) -> PromotionOut:
    """Read a promotion code and how often it was used."""
    return await service.read(services, code)
