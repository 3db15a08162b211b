"""Warehouses over HTTP, for those who look after them; shoppers never see places."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from storefront_api.inventory import transfers, warehouses
from storefront_api.inventory.warehouse_schemas import (
    AllocationsOut,
    AreaIn,
    AreaOut,
    AreaPage,
    AreaPath,
    CountIn,
    LevelPage,
    PlacedOut,
    ReconciliationOut,
    TransferIn,
    WarehouseIn,
    WarehouseOut,
    WarehousePage,
    WarehousePath,
)
from storefront_api.platform.auth import StockManager
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.pagination import After
from storefront_api.platform.requests import Keyed
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter()

_Limit = Annotated[int, Query(ge=1, le=200)]
_READING = problems(401, 403, 422, 503)
_FINDING = problems(401, 403, 404, 422, 503)
_CHANGING = problems(401, 403, 409, *BODY, 503)


@router.put("/warehouses/{warehouse_id}", responses=problems(401, 403, *BODY, 503))
async def put_warehouse(
    services: Injected,
    caller: StockManager,
    warehouse_id: WarehousePath,
    wanted: WarehouseIn,
    trace_id: TraceId,
) -> WarehouseOut:
    """Create a warehouse, or change what it is."""
    return await warehouses.put(services, warehouse_id, wanted, trace_id)


@router.get("/warehouses", responses=_READING)
async def list_warehouses(
    services: Injected, caller: StockManager, after: After = "", limit: _Limit = 50
) -> WarehousePage:
    """List the warehouses in order of their id."""
    return await warehouses.page(services, after, limit)


@router.get("/warehouses/{warehouse_id}", responses=_FINDING)
async def read_warehouse(
    services: Injected, caller: StockManager, warehouse_id: WarehousePath
) -> WarehouseOut:
    """Read what a warehouse is."""
    return await warehouses.read(services, warehouse_id)


@router.get("/warehouses/{warehouse_id}/levels", responses=_FINDING)
async def list_levels(
    services: Injected,
    caller: StockManager,
    warehouse_id: WarehousePath,
    after: After = "",
    limit: _Limit = 50,
) -> LevelPage:
    """List what is in a warehouse in order of sku."""
    return await warehouses.levels(services, warehouse_id, after, limit)


@router.put("/delivery-areas/{area}", responses=problems(401, 403, *BODY, 503))
async def put_area(
    services: Injected, caller: StockManager, area: AreaPath, wanted: AreaIn
) -> AreaOut:
    """Say where a postal area is, so that it is sent to from nearby."""
    return await warehouses.put_area(services, area, wanted)


@router.get("/delivery-areas", responses=_READING)
async def list_areas(
    services: Injected, caller: StockManager, after: After = "", limit: _Limit = 50
) -> AreaPage:
    """List the postal areas whose place is known."""
    return await warehouses.areas(services, after, limit)


@router.post(
    "/inventory/transfers",
    status_code=201,
    response_model=list[PlacedOut],
    responses=_CHANGING,
)
async def transfer(
    services: Injected,
    caller: StockManager,
    wanted: TransferIn,
    request: Keyed,
    trace_id: TraceId,
) -> Response:
    """Move goods from one warehouse to another, all of them or none."""
    answer = await transfers.transfer(services, request, wanted, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.post(
    "/inventory/counts",
    status_code=201,
    response_model=list[PlacedOut],
    responses=_CHANGING,
)
async def count(
    services: Injected, caller: StockManager, wanted: CountIn, request: Keyed, trace_id: TraceId
) -> Response:
    """Set what is in a warehouse to what was counted there, all of it or nothing."""
    answer = await transfers.count(services, request, wanted, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.get("/inventory/reconciliation", responses=problems(401, 403, 503))
async def reconcile(services: Injected, caller: StockManager) -> ReconciliationOut:
    """Compare what warehouses have with what the store has promised and may sell."""
    return await warehouses.reconcile(services)


@router.get("/orders/{order_id}/allocations", responses=_FINDING)
async def list_allocations(
    services: Injected, caller: StockManager, order_id: UUID
) -> AllocationsOut:
    """Read in which warehouses the units of an order are."""
    return await warehouses.of_order(services, order_id)
