"""Price rules over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from storefront_api.platform.auth import PriceManager
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.requests import Keyed
from storefront_api.platform.tracing import TraceId
from storefront_api.pricing import service
from storefront_api.pricing.schemas import PriceRuleIn, PriceRuleOut, PriceRuleVersions
from storefront_api.services import Injected

router = APIRouter(tags=["pricing"])


@router.post(
    "/price-rules",
    status_code=201,
    response_model=PriceRuleOut,
    responses=problems(401, 403, 409, *BODY, 503),
)
async def create(
    services: Injected,
    caller: PriceManager,
    wanted: PriceRuleIn,
    request: Keyed,
    trace_id: TraceId,
) -> Response:
    """Create a price rule, or the next version of one."""
    answer = await service.create(services, request, wanted, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.get("/price-rules/{rule_id}", responses=problems(401, 403, 404, 422, 503))
async def read(
    services: Injected, caller: PriceManager, rule_id: Annotated[str, Path(max_length=64)]
) -> PriceRuleVersions:
    """Read all versions of a price rule."""
    return await service.read(services, rule_id)
