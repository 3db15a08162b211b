"""Alerts of prices over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from storefront_api.alerts import service
from storefront_api.alerts.schemas import AlertIn, AlertOut, AlertsOut
from storefront_api.platform.auth import Shopper
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["alerts"])

WatchedSku = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]


@router.get("/alerts", responses=problems(401, 403, 503))
async def read(services: Injected, caller: Shopper) -> AlertsOut:
    """Read what the caller waits for."""
    return await service.of_caller(services, caller)


@router.put("/alerts/{sku}", responses=problems(401, 403, 404, 409, *BODY, 503))
async def put(
    services: Injected, caller: Shopper, sku: WatchedSku, wanted: AlertIn, trace_id: TraceId
) -> AlertOut:
    """Wait until a product costs no more than a target: one message each time that it drops."""
    return await service.put(services, caller, sku, wanted, trace_id)


@router.delete("/alerts/{sku}", status_code=204, responses=problems(401, 403, 422, 503))
async def remove(services: Injected, caller: Shopper, sku: WatchedSku, trace_id: TraceId) -> None:
    """Wait for it no more."""
    await service.remove(services, caller, sku, trace_id)
