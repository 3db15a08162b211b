"""A vendor's stock over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request

from storefront_api.events.parts import Sku
from storefront_api.marketplace.seller import OwnVendor
from storefront_api.marketplace.stock import service
from storefront_api.marketplace.stock.files import MAX_BYTES, MAX_ROWS
from storefront_api.marketplace.stock.schemas import (
    Mode,
    StockFileOut,
    StockForecastOut,
    ThresholdIn,
    ThresholdPage,
)
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.limits import limited
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["vendor stock"])
_FILE: dict[str, Any] = {
    "requestBody": {
        "description": "CSV in UTF-8 with a header: sku, quantity, and columns for your own notes; "
        f"at most {MAX_ROWS} rows and {MAX_BYTES} bytes.",
        "required": True,
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "sku,quantity,note\nCJ26190,40,week 12\n",
            }
        },
    }
}


@router.post(
    "/vendor/stock-files",
    responses=problems(401, 403, 409, *BODY, 503),
    openapi_extra=_FILE,
)
async def apply(
    services: Injected,
    http: Request,
    vendor_id: OwnVendor,
    mode: Annotated[Mode, Query(description="Whether quantities are what is there, or changes.")],
    trace_id: TraceId,
) -> StockFileOut:
    """Apply a file of stock, all of it or nothing; the same file again changes nothing."""
    return await service.apply(services, vendor_id, await http.body(), mode, trace_id)


@router.put(
    "/vendor/stock-thresholds/{sku}",
    status_code=204,
    responses=problems(401, 403, 404, *BODY, 503),
)
async def set_threshold(
    services: Injected,
    vendor_id: OwnVendor,
    sku: Annotated[str, Path(max_length=64)],
    wanted: ThresholdIn,
) -> None:
    """Say when stock of a variant is low."""
    await service.set_threshold(services, vendor_id, sku, wanted.threshold)


@router.get("/vendor/stock-thresholds", responses=problems(401, 403, 422, 503))
async def thresholds(
    services: Injected,
    vendor_id: OwnVendor,
    after: Annotated[str, Query(max_length=64, description="A page's `next_cursor`.")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ThresholdPage:
    """List the caller's vendor's thresholds in order of their sku."""
    return await service.thresholds(services, vendor_id, after, limit)


@router.get(
    "/vendor/stock-forecasts/{sku}",
    dependencies=[limited("recommending")],
    responses=problems(401, 403, 404, 422, 503),
)
async def forecast(
    services: Injected,
    vendor_id: OwnVendor,
    sku: Annotated[Sku, Path()],
    days: Annotated[int, Query(ge=1, le=14, description="Days that are looked ahead.")] = 7,
) -> StockForecastOut:
    """Show stock of a variant beside the demand that is forecast for it.

    Without the model endpoint stock is shown all the same, and why there is no forecast.
    """
    return await service.forecast(services, vendor_id, sku, days)
