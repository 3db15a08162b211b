"""The events of a notification, each with its topic and key."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, cast

from storefront_api.events import Event, Topic
from storefront_api.events.notifications import (
    FailureV1,
    NotificationFailedV1,
    NotificationQueuedV1,
    NotificationSentV1,
    NotificationV1,
    RecipientSuppressedV1,
    SentV1,
    SuppressionV1,
)
from storefront_api.notifications.messages import MESSAGES
from storefront_api.notifications.repository import Claimed, Queued
from storefront_api.notifications.schemas import Reason
from storefront_api.platform.outbox import new_id

Sent = tuple[Topic, str, Event]
Failure = Literal["refused", "expired", "suppressed", "unknown", "unwritable"]


def _envelope(subject: str, now: datetime, trace_id: str = "") -> dict[str, Any]:
    return {
        "id": new_id(),
        "occurred_at": now,
        "received_at": now,
        "subject": subject,
        "trace_id": trace_id,
    }


def _known(message: Queued | Claimed) -> dict[str, Any]:
    known = MESSAGES.get(message.template)
    return {
        "notification_id": message.notification_id,
        "cause": message.cause,
        "template": message.template,
        "category": known.category.value if known else "unknown",
    }


def queued(message: Queued, now: datetime) -> Sent:
    """Tell that a message is to be sent."""
    data = NotificationV1(**_known(message))
    event = NotificationQueuedV1(**_envelope(message.subject, now), data=data)
    return Topic.NOTIFICATIONS, str(message.notification_id), event


def sent(message: Claimed, now: datetime) -> Sent:
    """Tell that a message was sent."""
    data = SentV1(**_known(message), attempts=message.attempt)
    event = NotificationSentV1(**_envelope(message.subject, now), data=data)
    return Topic.NOTIFICATIONS, str(message.notification_id), event


def failed(message: Claimed, reason: Failure, status: str, now: datetime) -> Sent:
    """Tell that a message is given up."""
    data = FailureV1(**_known(message), attempts=message.attempt, reason=reason, status=status)
    event = NotificationFailedV1(**_envelope(message.subject, now), data=data)
    return Topic.NOTIFICATIONS, str(message.notification_id), event


def suppressed(
    recipient: str,
    category: str,
    reason: str,
    suppressed: bool,
    now: datetime,
    trace_id: str = "",
) -> Sent:
    """Tell what somebody is not sent any more, or again; by the hash of the address."""
    data = SuppressionV1(
        recipient=recipient,
        category=category,
        reason=cast(Reason, reason),
        suppressed=suppressed,
    )
    event = RecipientSuppressedV1(**_envelope("", now, trace_id), data=data)
    return Topic.NOTIFICATIONS, recipient, event
