"""Carts over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from storefront_api.carts import service
from storefront_api.carts.schemas import CartLineIn, CartOut, MergeIn
from storefront_api.events.parts import Country, Sku
from storefront_api.platform.auth import Shopper
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.limits import limited
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["carts"])


@router.get("/cart", responses=problems(401, 403, 422, 503))
async def read(
    services: Injected,
    caller: Shopper,
    destination: Annotated[
        Country, Query(description="Country whose tax is shown; left out: the store's own.")
    ] = "",
) -> CartOut:
    """Read the shopper's cart: prices that changed since they were seen are marked."""
    return await service.read(services, caller, destination)


@router.put(
    "/cart/lines/{sku}",
    dependencies=[limited("carts")],
    responses=problems(401, 403, 404, *BODY, 503),
)
async def put(
    services: Injected,
    caller: Shopper,
    sku: Annotated[Sku, Path()],
    wanted: CartLineIn,
    trace_id: TraceId,
) -> CartOut:
    """Put a variant into the cart, change its quantity, or keep it for later."""
    return await service.put(services, caller, sku, wanted, trace_id)


@router.delete(
    "/cart/lines/{sku}", dependencies=[limited("carts")], responses=problems(401, 403, 422, 503)
)
async def take_out(
    services: Injected, caller: Shopper, sku: Annotated[Sku, Path()], trace_id: TraceId
) -> CartOut:
    """Take a variant out of the cart."""
    return await service.take_out(services, caller, sku, trace_id)


@router.post(
    "/cart/merge", dependencies=[limited("carts")], responses=problems(401, 403, *BODY, 503)
)
async def merge(services: Injected, caller: Shopper, wanted: MergeIn, trace_id: TraceId) -> CartOut:
    """Take over the cart of the guest that the shopper was before; twice is as good as once."""
    guest = services.gate.guest(wanted.guest_token, "body.guest_token")
    return await service.merge(services, guest, caller, trace_id)
