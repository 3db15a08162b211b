"""What is in service, and how good it was when it was trained."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from serving.artifacts import State
from serving.services import AskedOf

router = APIRouter(tags=["models"])


class FamilyModel(BaseModel):
    """A family's model in service."""

    family: str
    state: State
    version: str = Field(description="In service; empty if none.")
    published: str = Field(description="The version that is to be in service; empty if none.")
    reason: str = Field(description="Why the published version is not in service; empty if it is.")
    manifest: dict[str, Any] | None = Field(
        description="Of the version in service: data window, features, metrics beside a naive"
        " baseline, file hashes."
    )


class Models(BaseModel):
    """The four families."""

    models: list[FamilyModel]


@router.get("/v1/models", summary="Models in service")
async def models(asked: AskedOf) -> Models:
    """List every family with what is in service, and what was refused and why."""
    return Models(
        models=[
            FamilyModel(
                family=status.family,
                state=status.state,
                version=status.version,
                published=status.published,
                reason=status.reason,
                manifest=dict(status.manifest) if status.manifest else None,
            )
            for status in asked.services.registry.statuses()
        ]
    )
