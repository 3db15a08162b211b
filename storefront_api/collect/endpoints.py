"""The collector over HTTP."""

from __future__ import annotations

from fastapi import APIRouter

from storefront_api.collect import service
from storefront_api.collect.schemas import Clicks, Collected
from storefront_api.platform.auth import Known
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.limits import limited
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["collect"])


@router.post(
    "/collect",
    status_code=202,
    dependencies=[limited("collecting")],
    responses=problems(401, *BODY, 503),
)
async def collect(services: Injected, caller: Known, batch: Clicks, trace_id: TraceId) -> Collected:
    """Take a batch of clicks; the answer comes when Kafka has them."""
    return await service.collect(services, caller, batch, trace_id)
