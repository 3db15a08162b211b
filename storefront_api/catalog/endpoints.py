"""Products and variants over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from storefront_api.catalog import products, service
from storefront_api.catalog.bulk.endpoints import router as bulk
from storefront_api.catalog.category_endpoints import router as categories
from storefront_api.catalog.offer_endpoints import router as offers
from storefront_api.catalog.schemas import (
    CatalogImport,
    Images,
    ImportOut,
    NewProduct,
    NewVariants,
    ProductChange,
    ProductOut,
    ProductPage,
    VariantChange,
)
from storefront_api.catalog.score_endpoints import router as scores
from storefront_api.platform.auth import (
    OPTIONAL_CREDENTIAL,
    CatalogManager,
    Visitor,
    personal,
    public,
)
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.pagination import After, link
from storefront_api.platform.requests import Keyed, StatedAt
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["catalog"])
Id = Annotated[str, Path(max_length=64, pattern=r"^[^\x00]*$")]
OneSku = Annotated[
    str, Query(max_length=64, pattern=r"^[^\x00]*$", description="One variant; empty for all.")
]
CHANGED = problems(401, 403, 404, 409, *BODY, 503)


@router.get(
    "/products",
    dependencies=[Depends(public), Depends(personal)],
    responses=problems(401, 422, 503),
    openapi_extra=OPTIONAL_CREDENTIAL,
)
async def list_products(
    request: Request,
    services: Injected,
    visitor: Visitor,
    after: After = "",
    department: Annotated[str, Query(max_length=120)] = "",
    category: Annotated[str, Query(max_length=120)] = "",
    under: Annotated[
        str,
        Query(pattern="^[a-z0-9-]{0,64}$", description="Id of a category of the tree."),
    ] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ProductPage:
    """List the products that are offered in order of their id.

    For an account with preferences those that are known to meet more of them come first.
    """
    page = await service.list_products(services, visitor, after, department, category, under, limit)
    link(request, page.next_cursor)
    return page


@router.get(
    "/products/{product_id}", dependencies=[Depends(public)], responses=problems(404, 422, 503)
)
async def read_product(services: Injected, product_id: Id) -> ProductOut:
    """Read one product with its variants, archived or not."""
    return await service.read_product(services, product_id)


@router.post(
    "/catalog/products",
    status_code=201,
    response_model=ProductOut,
    responses=problems(401, 403, 409, *BODY, 503),
)
async def create_product(
    services: Injected,
    caller: CatalogManager,
    wanted: NewProduct,
    request: Keyed,
    trace_id: TraceId,
) -> Response:
    """Create a product with its variants; search finds it when this is answered."""
    answer = await products.create(services, request, wanted, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.patch("/catalog/products/{product_id}", responses=CHANGED)
async def change_product(
    services: Injected,
    caller: CatalogManager,
    product_id: Id,
    wanted: ProductChange,
    trace_id: TraceId,
) -> ProductOut:
    """Change what is said of a product and of all its variants."""
    return await products.change_product(services, product_id, wanted, trace_id)


@router.post("/catalog/products/{product_id}/variants", status_code=201, responses=CHANGED)
async def add_variants(
    services: Injected,
    caller: CatalogManager,
    product_id: Id,
    wanted: NewVariants,
    trace_id: TraceId,
) -> ProductOut:
    """Add variants to a product, all of them or none."""
    return await products.add_variants(services, product_id, wanted, trace_id)


@router.put("/catalog/products/{product_id}/images", responses=problems(401, 403, 404, *BODY, 503))
async def set_images(
    services: Injected, caller: CatalogManager, product_id: Id, wanted: Images, trace_id: TraceId
) -> ProductOut:
    """Replace a product's images."""
    return await products.set_images(services, product_id, wanted.images, trace_id)


@router.post("/catalog/products/{product_id}/archive", responses=problems(401, 403, 404, 422, 503))
async def archive(
    services: Injected,
    caller: CatalogManager,
    product_id: Id,
    trace_id: TraceId,
    sku: OneSku = "",
) -> ProductOut:
    """Stop offering a product or a variant; it can still be read."""
    return await products.archive(services, product_id, sku, True, trace_id)


@router.post("/catalog/products/{product_id}/restore", responses=problems(401, 403, 404, 422, 503))
async def restore(
    services: Injected,
    caller: CatalogManager,
    product_id: Id,
    trace_id: TraceId,
    sku: OneSku = "",
) -> ProductOut:
    """Offer again what was archived."""
    return await products.archive(services, product_id, sku, False, trace_id)


@router.patch("/catalog/variants/{sku}", responses=problems(401, 403, 404, *BODY, 503))
async def change_variant(
    services: Injected, caller: CatalogManager, sku: Id, wanted: VariantChange, trace_id: TraceId
) -> ProductOut:
    """Change a variant's price or size."""
    return await products.change_variant(services, sku, wanted, trace_id)


@router.post("/catalog/imports", responses=problems(401, 403, *BODY, 503))
async def import_products(
    services: Injected,
    caller: CatalogManager,
    wanted: CatalogImport,
    stated_at: StatedAt,
    trace_id: TraceId,
) -> ImportOut:
    """Create and replace variants, all of them or none."""
    return await service.import_products(services, caller, wanted, trace_id, stated_at)


for part in (offers, categories, scores, bulk):
    router.include_router(part)
