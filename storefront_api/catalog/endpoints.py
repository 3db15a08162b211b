"""The catalogue over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from storefront_api.catalog import service
from storefront_api.catalog.schemas import CatalogImport, ImportOut, ProductOut, ProductPage
from storefront_api.platform.auth import CatalogManager, public
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["catalog"])


@router.get("/products", dependencies=[Depends(public)], responses=problems(422, 503))
async def list_products(
    services: Injected,
    after: Annotated[str, Query(max_length=64, description="A page's `next_cursor`.")] = "",
    department: Annotated[str, Query(max_length=120)] = "",
    category: Annotated[str, Query(max_length=120)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ProductPage:
    """List products in order of their id."""
    return await service.list_products(services, after, department, category, limit)


@router.get(
    "/products/{product_id}", dependencies=[Depends(public)], responses=problems(404, 422, 503)
)
async def read_product(
    services: Injected, product_id: Annotated[str, Path(max_length=64)]
) -> ProductOut:
    """Read one product with its variants."""
    return await service.read_product(services, product_id)


@router.post("/catalog/imports", responses=problems(401, 403, *BODY, 503))
async def import_products(
    services: Injected, caller: CatalogManager, wanted: CatalogImport, trace_id: TraceId
) -> ImportOut:
    """Create and replace variants, all of them or none."""
    return await service.import_products(services, caller, wanted, trace_id)
