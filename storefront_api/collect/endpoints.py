"""The collector over HTTP."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from storefront_api.collect import service
from storefront_api.collect.schemas import MAX_BYTES, Clicks, Collected
from storefront_api.platform.auth import Known
from storefront_api.platform.errors import TooLargeError, problems
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["collect"])


def _bounded(request: Request) -> None:
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > MAX_BYTES:
        raise TooLargeError(f"a batch has at most {MAX_BYTES} bytes", field="body")


@router.post(
    "/collect",
    status_code=202,
    dependencies=[Depends(_bounded)],
    responses=problems(401, 413, 422, 503),
)
async def collect(services: Injected, caller: Known, batch: Clicks, trace_id: TraceId) -> Collected:
    """Take a batch of clicks; the answer comes when Kafka has them."""
    return await service.collect(services, caller, batch, trace_id)
