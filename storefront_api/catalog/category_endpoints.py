"""The tree of categories over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from storefront_api.catalog import categories
from storefront_api.catalog.categories import CategoryIn, CategoryOut
from storefront_api.platform.auth import CatalogManager, public
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter()


@router.get("/categories", dependencies=[Depends(public)], responses=problems(503))
async def read_tree(services: Injected) -> list[CategoryOut]:
    """List all categories, each after the one that it is under."""
    return await categories.tree(services)


@router.put("/catalog/categories/{category_id}", responses=problems(401, 403, 409, *BODY, 503))
async def put_category(
    services: Injected,
    caller: CatalogManager,
    category_id: Annotated[str, Path(pattern="^[a-z0-9-]{1,64}$")],
    wanted: CategoryIn,
    trace_id: TraceId,
) -> CategoryOut:
    """Create a category, or change it while no product is in it."""
    return await categories.put(services, category_id, wanted, trace_id)
