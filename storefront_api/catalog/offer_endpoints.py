"""Vendors' offers over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from storefront_api.catalog import offers
from storefront_api.catalog.offers import Condition, OfferIn, OfferOut
from storefront_api.platform.auth import OfferManager, public
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter()
Id = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
PATH = "/variants/{sku}/offers/{vendor_id}/{condition}"


@router.get(
    "/variants/{sku}/offers", dependencies=[Depends(public)], responses=problems(404, 422, 503)
)
async def read_offers(services: Injected, sku: Id) -> list[OfferOut]:
    """List the offers of a variant, the lowest landed price first."""
    return await offers.of_variant(services, sku)


@router.put(PATH, responses=problems(401, 403, 404, *BODY, 503))
async def put_offer(
    services: Injected,
    caller: OfferManager,
    sku: Id,
    vendor_id: Id,
    condition: Condition,
    wanted: OfferIn,
    trace_id: TraceId,
) -> OfferOut:
    """Offer a variant, or change the offer; vendors for themselves alone."""
    return await offers.put(services, caller, (sku, vendor_id, condition), wanted, trace_id)


@router.delete(PATH, status_code=204, responses=problems(401, 403, 404, 422, 503))
async def withdraw_offer(
    services: Injected,
    caller: OfferManager,
    sku: Id,
    vendor_id: Id,
    condition: Condition,
    trace_id: TraceId,
) -> Response:
    """Withdraw an offer."""
    await offers.withdraw(services, caller, (sku, vendor_id, condition), trace_id)
    return Response(status_code=204)
