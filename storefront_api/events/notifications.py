"""What the notifications publish: that somebody was told of something, never whom or what."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from storefront_api.events.envelope import Event, Strict


class NotificationV1(Strict):
    """A message to somebody."""

    notification_id: UUID
    cause: str = Field(
        min_length=1, max_length=200, description="For example order_completed/<id>; told once."
    )
    template: str = Field(min_length=1, max_length=64)
    category: str = Field(min_length=1, max_length=64, description="People may refuse some.")


class SentV1(NotificationV1):
    """A message that the recipient's mail server, or ours, has accepted."""

    attempts: int = Field(ge=1)


class FailureV1(NotificationV1):
    """A message that is given up."""

    attempts: int = Field(ge=1)
    reason: Literal["refused", "expired", "suppressed", "unknown", "unwritable"] = Field(
        description="unknown: it may have been sent, and is of a kind that is never doubled."
    )
    status: str = Field(
        pattern=r"^[0-9. ]{0,20}$",
        description="The mail server's reply code and enhanced status; empty without one.",
    )


class SuppressionV1(Strict):
    """What somebody is not sent any more, or is sent again."""

    recipient: str = Field(max_length=64, description="A keyed hash of the address.")
    category: str = Field(max_length=64, description="* for all but those that always go.")
    reason: Literal["unsubscribed", "bounced", "complained"]
    suppressed: bool


class NotificationQueuedV1(Event):
    """A message is to be sent."""

    type: Literal["notification_queued"] = "notification_queued"
    version: Literal[1] = 1
    data: NotificationV1


class NotificationSentV1(Event):
    """A message was accepted by a mail server."""

    type: Literal["notification_sent"] = "notification_sent"
    version: Literal[1] = 1
    data: SentV1


class NotificationFailedV1(Event):
    """A message is not sent, for good."""

    type: Literal["notification_failed"] = "notification_failed"
    version: Literal[1] = 1
    data: FailureV1


class RecipientSuppressedV1(Event):
    """Somebody gets no more messages of a category, or gets them again."""

    type: Literal["recipient_suppressed"] = "recipient_suppressed"
    version: Literal[1] = 1
    data: SuppressionV1
