"""Recommendations over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from storefront_api.events.parts import Sku
from storefront_api.platform.auth import Known
from storefront_api.platform.errors import ForbiddenError, problems
from storefront_api.platform.limits import limited
from storefront_api.recommendations import service
from storefront_api.recommendations.schemas import SlateOut
from storefront_api.services import Injected

router = APIRouter(tags=["recommendations"])


@router.get(
    "/recommendations",
    dependencies=[limited("recommending")],
    responses=problems(401, 403, 422, 503),
)
async def recommend(
    services: Injected,
    caller: Known,
    k: Annotated[int, Query(ge=1, le=100)] = 10,
    context: Annotated[
        list[Sku] | None, Query(max_length=50, description="What is looked at.")
    ] = None,
    subject: Annotated[str, Query(max_length=64, description="For partners only.")] = "",
) -> SlateOut:
    """Recommend products to the caller."""
    if subject and not caller.is_partner:
        raise ForbiddenError("only a partner may state this", field="query.subject")
    return await service.recommend(services, caller.subject or subject, k, context or [])
