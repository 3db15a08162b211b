"""The events that tell of payouts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from storefront_api.events import Event, Topic
from storefront_api.events.marketplace import (
    PayoutCreatedV1,
    PayoutFailedV1,
    PayoutPaidV1,
    PayoutV1,
)
from storefront_api.platform.outbox import new_id

Kind = type[PayoutCreatedV1] | type[PayoutPaidV1] | type[PayoutFailedV1]


def told(kind: Kind, payout: Any, now: datetime, trace_id: str = "") -> tuple[Topic, str, Event]:
    """Return the event that tells of a payout, with its topic and key."""
    data = PayoutV1(**{name: payout[name] for name in PayoutV1.model_fields})
    event = kind(
        id=new_id(), occurred_at=now, received_at=now, subject="", trace_id=trace_id, data=data
    )
    return Topic.MARKETPLACE, payout["vendor_id"], event
