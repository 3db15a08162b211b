"""The events of companies, each with its topic and key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from storefront_api.events import Event, Topic
from storefront_api.events.envelope import Strict
from storefront_api.platform.outbox import new_id

Message = tuple[Topic, str, Event]


@dataclass(frozen=True)
class Acting:
    """Who does something, and when."""

    subject: str
    at: datetime
    trace_id: str


def message(kind: type[Event], data: Strict, key: UUID, acting: Acting) -> Message:
    """Return an event with its topic and key."""
    event = kind(
        **{
            "id": new_id(),
            "occurred_at": acting.at,
            "received_at": acting.at,
            "subject": acting.subject,
            "trace_id": acting.trace_id,
            "data": data,
        }
    )
    return Topic.BUSINESS, str(key), event
