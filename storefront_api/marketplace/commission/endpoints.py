"""Commission over HTTP."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from storefront_api.marketplace.commission import rules
from storefront_api.marketplace.commission.schemas import RuleIn, RuleOut, RulePage
from storefront_api.platform.auth import CommissionManager
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.requests import Keyed
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["commission"])


@router.post(
    "/commission-rules",
    status_code=201,
    response_model=RuleOut,
    responses=problems(401, 403, 409, *BODY, 503),
)
async def create(
    services: Injected,
    caller: CommissionManager,
    wanted: RuleIn,
    request: Keyed,
    trace_id: TraceId,
) -> Response:
    """Create the next version of a scope's rule; orders that were placed keep their rates."""
    answer = await rules.create(services, request, caller, wanted, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.get("/commission-rules", responses=problems(401, 403, 422, 503))
async def page(
    services: Injected,
    caller: CommissionManager,
    after: Annotated[UUID | None, Query(description="A page's `next_cursor`.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> RulePage:
    """List the rules in order of their creation, those that hold no more included."""
    return await rules.page(services, after, limit)
