"""Requests and answers of the collector."""

from __future__ import annotations

from typing import Any

from pydantic import UUID7, BaseModel, ConfigDict, Field

from storefront_api.platform.requests import Instant

MAX_EVENTS = 500
MAX_BYTES = 2**20


class ClickIn(BaseModel):
    """A click without what the store adds: arrival, subject and trace."""

    model_config = ConfigDict(extra="forbid")

    id: UUID7 = Field(
        description="UUIDv7, made where the click happened; the same again is a repeat."
    )
    type: str = Field(max_length=64)
    version: int = Field(default=1, ge=1)
    occurred_at: Instant
    subject: str = Field(default="", max_length=64, description="For partners only.")
    data: dict[str, Any]


class Clicks(BaseModel):
    """A batch of clicks."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "events": [
                    {
                        "id": "01931f2e-7c40-7d3a-8c55-0f4b6a1e92d7",
                        "type": "product_viewed",
                        "version": 1,
                        "occurred_at": "2026-03-01T09:30:00.000Z",
                        "data": {
                            "session_id": "ses-1",
                            "anonymous_id": "p-9f86d081",
                            "device_id": "d-9",
                            "sku": "CJ26190",
                            "price_minor": 299,
                        },
                    }
                ]
            }
        },
    )

    events: list[dict[str, Any]] = Field(
        min_length=1,
        max_length=MAX_EVENTS,
        description="Each with id, type, version, occurred_at and data as the event contract says.",
    )


class Refused(BaseModel):
    """An event of the batch that breaks a rule."""

    index: int
    field: str
    message: str


class Collected(BaseModel):
    """What became of a batch."""

    accepted: int
    refused: list[Refused]
