"""The inventory over HTTP."""

from __future__ import annotations

from fastapi import APIRouter, Response

from storefront_api.inventory import service
from storefront_api.inventory.schemas import Receipt, StockOut
from storefront_api.inventory.warehouse_endpoints import router as warehouses
from storefront_api.platform.auth import StockManager
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.requests import Keyed
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["inventory"])
router.include_router(warehouses)


@router.post(
    "/inventory/receipts",
    status_code=201,
    response_model=list[StockOut],
    responses=problems(401, 403, 409, *BODY, 503),
)
async def receive(
    services: Injected, caller: StockManager, receipt: Receipt, request: Keyed, trace_id: TraceId
) -> Response:
    """Take goods into stock, all of them or none."""
    answer = await service.receive(services, request, receipt, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")
