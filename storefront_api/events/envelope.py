"""The envelope that every event travels in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer


def _utc_milliseconds(value: datetime) -> datetime:
    utc = value.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def _rfc3339(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"


Timestamp = Annotated[
    AwareDatetime, AfterValidator(_utc_milliseconds), PlainSerializer(_rfc3339, when_used="json")
]
"""An instant in UTC with millisecond precision, written as RFC 3339 with a trailing Z."""


class Strict(BaseModel):
    """A part of an event: no unknown fields, no change after it was made."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Event(Strict):
    """One fact that happened, with the attributes of CloudEvents that we use."""

    id: UUID = Field(description="UUIDv7, unique over all events of all topics.")
    type: str = Field(
        description="Past-tense name in snake_case, after the Segment e-commerce specification."
    )
    version: int = Field(ge=1, description="Of the schema of `data`.")
    occurred_at: Timestamp = Field(description="When it happened, by the producer's clock.")
    received_at: Timestamp = Field(description="When the platform accepted it.")
    subject: str = Field(
        max_length=64,
        description="Pseudonym of the person concerned; empty when nobody is. "
        "Never an e-mail, name or address.",
    )
    trace_id: str = Field(
        default="",
        pattern="^([0-9a-f]{32})?$",
        description="W3C trace id, 32 hexadecimal digits; empty when there is none.",
    )
