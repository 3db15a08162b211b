"""Attributes and scores over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from storefront_api.catalog import scores
from storefront_api.catalog.rules import Rules
from storefront_api.catalog.schemas import ProductOut
from storefront_api.catalog.scores import Rescored, ScoreHistory
from storefront_api.catalog.sustainability import Attributes
from storefront_api.platform.auth import CatalogManager, public
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter()
Id = Annotated[str, Path(max_length=64, pattern=r"^[^\x00]*$")]
Version = Annotated[str, Query(max_length=20, pattern=r"^[^\x00]*$")]


@router.put(
    "/catalog/products/{product_id}/attributes", responses=problems(401, 403, 404, *BODY, 503)
)
async def set_attributes(
    services: Injected,
    caller: CatalogManager,
    product_id: Id,
    attributes: Attributes,
    trace_id: TraceId,
) -> ProductOut:
    """Set all that is known of a product's sustainability; it is scored at once."""
    return await scores.set_attributes(services, product_id, attributes, trace_id)


@router.get(
    "/products/{product_id}/scores",
    dependencies=[Depends(public)],
    responses=problems(404, 422, 503),
)
async def read_scores(
    services: Injected,
    product_id: Id,
    rules_version: Annotated[
        Version, Query(description="Compute by these rules; empty for those of the time.")
    ] = "",
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> ScoreHistory:
    """Read what a product was ever scored, the latest first."""
    return await scores.history(services, product_id, rules_version, before, limit)


@router.get(
    "/catalog/sustainability-rules", dependencies=[Depends(public)], responses=problems(404, 422)
)
async def read_rules(services: Injected, version: Version = "") -> Rules:
    """Read the rules of the score with vocabulary, weights and sources."""
    return scores.find_rules(services, version)


@router.post("/catalog/scores", responses=problems(401, 403, 503))
async def recompute(services: Injected, caller: CatalogManager, trace_id: TraceId) -> Rescored:
    """Score products anew by the rules in force, up to 1,000; repeat until none is left."""
    return await scores.recompute(services, trace_id)
