"""Recommend products to a shopper."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from models.features.online import RECENT_LENGTH
from serving.decisions import Decision
from serving.features import FeaturesAwayError
from serving.openapi import problems
from serving.services import Asked, AskedOf

ROUTE = "/v1/recommendations"
NO_MODEL = "no_model"
FEATURES_AWAY = "features_away"
K_MOST = 100
CONTEXT_MOST = 20
_SKU = r"[A-Za-z0-9._-]{1,64}"
_SKUS = f"^({_SKU}(,{_SKU}){{0,{CONTEXT_MOST - 1}}})?$"

router = APIRouter(tags=["recommendations"])


class Recommended(BaseModel):
    """A product of the slate."""

    sku: str
    score: float = Field(description="Comparable within this answer only.")
    reason: str = Field(description="Why it is here.")


class RecommendationsAnswer(BaseModel):
    """A slate, best first."""

    decision_id: UUID = Field(description="Carry it as slate_id in the clicks that follow.")
    slate: list[Recommended]
    model_version: str
    fallback: str = Field(
        description="no_model: nothing is trained yet and the slate is empty. features_away: the"
        " shopper's latest products could not be read, so they did not count."
    )


@router.get(ROUTE, summary="Recommend products", responses=problems())
async def recommendations(
    asked: AskedOf,
    subject: Annotated[
        str, Query(max_length=64, description="The shopper; empty for a guest.", examples=["s-1"])
    ] = "",
    k: Annotated[int, Query(ge=1, le=K_MOST, description="Products wanted.")] = 10,
    context: Annotated[
        str,
        Query(
            pattern=_SKUS,
            description=f"SKUs of the page or cart, at most {CONTEXT_MOST}, separated by commas.",
            examples=["CJ26190,CJ26355"],
        ),
    ] = "",
) -> RecommendationsAnswer:
    """Recommend from what the shopper buys and met last, from the context, and what is popular."""
    loaded = asked.services.registry.recommend.loaded
    recent, fallback = await _recent(asked, subject)
    near = context.split(",") if context else []
    slate: list[Recommended] = []
    version = ""
    if loaded is None:
        fallback = NO_MODEL
    else:
        version = loaded.version
        ranked = loaded.scorer.recommend(subject=subject, recent=recent, context=near, k=k)
        slate = [Recommended(sku=i.sku, score=i.score, reason=i.reason) for i in ranked]
    decision = Decision(
        family="recommend",
        route=ROUTE,
        started=asked.started,
        trace_id=asked.trace_id,
        subject=subject,
        model_version=version,
        fallback=fallback,
        request={"subject": subject, "k": k, "context": near, "recent": recent},
        scores={item.sku: item.score for item in slate},
        reasons=tuple(dict.fromkeys(item.reason for item in slate))[:50],
    )
    asked.services.decisions.record(decision)
    return RecommendationsAnswer(
        decision_id=decision.decision_id, slate=slate, model_version=version, fallback=fallback
    )


async def _recent(asked: Asked, subject: str) -> tuple[list[str], str]:
    """Return the shopper's latest products, and the fallback if they could not be read."""
    if not subject:
        return [], ""
    try:
        return await asked.services.features.recent(subject, RECENT_LENGTH), ""
    except FeaturesAwayError:
        return [], FEATURES_AWAY
