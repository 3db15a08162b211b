"""A vendor's orders and scorecard over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from storefront_api.marketplace.seller import OwnVendor
from storefront_api.marketplace.trade import scorecard, service
from storefront_api.marketplace.trade.schemas import (
    PackingList,
    ScorecardOut,
    VendorOrderOut,
    VendorOrderPage,
)
from storefront_api.platform.errors import problems
from storefront_api.services import Injected

router = APIRouter(tags=["vendor orders"])


@router.get("/vendor/orders", responses=problems(401, 403, 422, 503))
async def page(
    services: Injected,
    vendor_id: OwnVendor,
    after: Annotated[str, Query(max_length=64, description="A page's `next_cursor`.")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> VendorOrderPage:
    """List the caller's vendor's parts of orders, newest first."""
    return await service.page(services, vendor_id, after, limit)


@router.get("/vendor/orders/{order_id}", responses=problems(401, 403, 404, 422, 503))
async def read(services: Injected, vendor_id: OwnVendor, order_id: UUID) -> VendorOrderOut:
    """Read the caller's vendor's part of an order."""
    return await service.read(services, vendor_id, order_id)


@router.get("/vendor/orders/{order_id}/packing-list", responses=problems(401, 403, 404, 422, 503))
async def packing_list(services: Injected, vendor_id: OwnVendor, order_id: UUID) -> PackingList:
    """Read what goes into the parcel."""
    return await service.packing_list(services, vendor_id, order_id)


@router.get("/vendor/scorecard", responses=problems(401, 403, 422, 503))
async def read_scorecard(
    services: Injected,
    vendor_id: OwnVendor,
    since: Annotated[date, Query(description="The first day of orders, in UTC.")],
    until: Annotated[date, Query(description="The first day that is not counted.")],
) -> ScorecardOut:
    """Read how well the caller's vendor serves its orders."""
    return await scorecard.read(services, vendor_id, since, until)
