"""A vendor's money over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from storefront_api.marketplace.accounts import service
from storefront_api.marketplace.accounts.schemas import (
    Balance,
    EntryPage,
    ReconciliationOut,
    SalesOut,
)
from storefront_api.marketplace.seller import OwnVendor
from storefront_api.platform.auth import VendorPayer
from storefront_api.platform.errors import problems
from storefront_api.services import Injected

router = APIRouter(tags=["vendor accounts"])


@router.get("/vendor/balances", responses=problems(401, 403, 503))
async def balances(services: Injected, vendor_id: OwnVendor) -> list[Balance]:
    """Read what the caller's vendor is owed, by currency."""
    return await service.balances(services, vendor_id)


@router.get("/vendor/ledger", responses=problems(401, 403, 422, 503))
async def entries(
    services: Injected,
    vendor_id: OwnVendor,
    before: Annotated[
        int, Query(ge=1, le=service.NEWEST, description="A page's `next_cursor`.")
    ] = service.NEWEST,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> EntryPage:
    """List what the caller's vendor was credited and charged, newest first."""
    return await service.entries(services, vendor_id, before, limit)


@router.get("/vendor/sales", responses=problems(401, 403, 422, 503))
async def sales(
    services: Injected,
    vendor_id: OwnVendor,
    since: Annotated[date, Query(description="The first day, in UTC.")],
    until: Annotated[date, Query(description="The first day that is not counted.")],
    by: Literal["day", "product"] = "day",
) -> SalesOut:
    """Read what came of the caller's vendor's sales; the rows add up to the ledger."""
    return await service.sales(services, vendor_id, by, since, until)


@router.get("/vendor-ledger/reconciliation", responses=problems(401, 403, 503))
async def reconcile(services: Injected, caller: VendorPayer) -> ReconciliationOut:
    """Compare vendors' totals, the ledger's and the orders'."""
    return await service.reconcile(services)
