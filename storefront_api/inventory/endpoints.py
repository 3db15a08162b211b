"""The inventory over HTTP."""

from __future__ import annotations

from fastapi import APIRouter

from storefront_api.inventory import service
from storefront_api.inventory.schemas import Receipt, StockOut
from storefront_api.platform.auth import StockManager
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["inventory"])


@router.post("/inventory/receipts", status_code=201, responses=problems(401, 403, *BODY, 503))
async def receive(
    services: Injected, caller: StockManager, receipt: Receipt, trace_id: TraceId
) -> list[StockOut]:
    """Take goods into stock, all of them or none."""
    return await service.receive(services, receipt, trace_id)
