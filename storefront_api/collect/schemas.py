"""Requests and answers of the collector."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import UUID7, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

MAX_EVENTS = 500
MAX_BYTES = 2**20
MAX_EVENT_BYTES = 2**15
"""Of one event; the largest that the contract allows is about half of it."""
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2149, 1, 1, tzinfo=UTC)
"""What the warehouse's days can hold."""

Consent = Literal["granted", "denied"]
Moment = Annotated[AwareDatetime, Field(ge=EARLIEST, lt=LATEST)]
_CLICK: JsonDict = {
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


class ClickIn(BaseModel):
    """A click without what the store adds: arrival, subject and trace."""

    model_config = ConfigDict(extra="forbid")

    id: UUID7 = Field(
        description="UUIDv7, made where the click happened; the same again is a repeat."
    )
    type: str = Field(max_length=64)
    version: int = Field(default=1, ge=1)
    occurred_at: Moment
    subject: str = Field(default="", max_length=64, description="For partners only.")
    data: dict[str, Any]


class Clicks(BaseModel):
    """A batch of clicks."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"sent_at": "2026-03-01T09:30:01.000Z", "events": [_CLICK]}},
    )

    events: list[dict[str, Any]] = Field(
        min_length=1,
        max_length=MAX_EVENTS,
        description="Each with id, type, version, occurred_at and data as the event contract says.",
    )
    sent_at: Moment | None = Field(
        default=None,
        description="The sender's clock as it sends; the events' times are corrected by it.",
    )
    consent: Consent = Field(
        default="granted",
        description="To analytics. Where it is denied no event keeps an id of anybody.",
    )


class Beacon(Clicks):
    """A batch of clicks from a page, which can set no headers."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "sent_at": "2026-03-01T09:30:01.000Z",
                "consent": "granted",
                "events": [_CLICK],
            }
        },
    )

    consent: Consent = Field(default="denied", description="To analytics.")
    token: str = Field(
        default="",
        max_length=2000,
        description="A shopper's token; one that has expired names nobody.",
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
