"""Whether the storefront lives, whether it can work, and its figures."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from storefront_api.platform import metrics
from storefront_api.platform.auth import public
from storefront_api.platform.errors import AwayError, problems
from storefront_api.services import Injected

router = APIRouter(tags=["health"], dependencies=[Depends(public)])


class Health(BaseModel):
    """The answer of a storefront that is well."""

    status: str = "ok"


@router.get("/healthz")
async def lives() -> Health:
    """Answer as long as the process lives."""
    return Health()


@router.get("/readyz", responses=problems(503))
async def ready(services: Injected) -> Health:
    """Answer when PostgreSQL and Kafka do."""
    await services.pool.fetchval("SELECT next_batch FROM relay")
    if not await services.clicks.reachable():
        raise AwayError("Kafka is away")
    return Health()


@router.get("/metrics", response_class=Response)
async def figures(services: Injected) -> Response:
    """Return Prometheus metrics."""
    pool = services.pool
    metrics.POOL_SIZE.set(pool.get_size())
    metrics.POOL_IDLE.set(pool.get_idle_size())
    metrics.POOL_LIMIT.set(pool.get_max_size())
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
