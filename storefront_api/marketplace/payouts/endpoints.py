"""Payouts over HTTP."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from storefront_api.marketplace.payouts import service
from storefront_api.marketplace.payouts.schemas import PayoutPage, RunIn, RunOut
from storefront_api.marketplace.seller import OwnVendor
from storefront_api.platform.auth import VendorPayer
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.requests import Keyed
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["payouts"])


@router.post(
    "/payout-runs",
    status_code=201,
    response_model=RunOut,
    responses=problems(401, 403, 409, *BODY, 503),
)
async def run(
    services: Injected, caller: VendorPayer, wanted: RunIn, request: Keyed, trace_id: TraceId
) -> Response:
    """Set aside what vendors are owed; it is transferred in the background."""
    answer = await service.run(services, request, caller, wanted, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.get("/payout-runs/{run_id}", responses=problems(401, 403, 404, 422, 503))
async def read_run(services: Injected, caller: VendorPayer, run_id: UUID) -> RunOut:
    """Read a run and what became of its payouts."""
    return await service.read_run(services, run_id)


@router.get("/vendor/payouts", responses=problems(401, 403, 422, 503))
async def page(
    services: Injected,
    vendor_id: OwnVendor,
    before: Annotated[UUID | None, Query(description="A page's `next_cursor`.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> PayoutPage:
    """List the caller's vendor's payouts, newest first."""
    return await service.page(services, vendor_id, before, limit)
