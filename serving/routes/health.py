"""Whether serving lives, whether it can answer well, and its metrics."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from serving.artifacts import State
from serving.services import AskedOf

router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process runs."""

    status: Literal["ok"] = "ok"


class FamilyReadiness(BaseModel):
    """Whether a family has a model in service."""

    state: State
    version: str = Field(description="In service; empty if none.")
    reason: str = Field(description="Why the published artifact is not in service; empty if it is.")


class Readiness(BaseModel):
    """Whether every part is there, and which is not."""

    ready: bool
    online_store: Literal["ok", "away"]
    decisions_waiting: int = Field(description="Decision events that Kafka has not taken yet.")
    families: dict[str, FamilyReadiness]


@router.get("/healthz", summary="The process runs")
async def healthz() -> Alive:
    """Answer as long as the process can."""
    return Alive()


@router.get(
    "/readyz",
    summary="Every part is there",
    responses={503: {"model": Readiness, "description": "A part is missing; the body says which."}},
)
async def readyz(asked: AskedOf, response: Response) -> Readiness:
    """Answer 200 when every family has its published model and the online store is there.

    A model that is refused, or not yet trained, answers 503 with its reason, so that a rollout
    whose code does not fit the published artifacts stops. What can be answered without a part is
    answered meanwhile; see each route for how.
    """
    services = asked.services
    store = await services.features.is_there()
    families = {
        status.family: FamilyReadiness(
            state=status.state, version=status.version, reason=status.reason
        )
        for status in services.registry.statuses()
    }
    ready = store and all(family.state is State.READY for family in families.values())
    if not ready:
        response.status_code = 503
    return Readiness(
        ready=ready,
        online_store="ok" if store else "away",
        decisions_waiting=services.decisions.waiting,
        families=families,
    )


@router.get("/metrics", include_in_schema=False)
async def metrics() -> Response:
    """Return the metrics in Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
