"""The events of alerts, each with its topic and key."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from storefront_api.events import Event, Topic
from storefront_api.events.alerts import (
    AlertRemovedV1,
    AlertSetV1,
    AlertTriggeredV1,
    AlertV1,
    TriggeredAlertV1,
)
from storefront_api.platform.outbox import new_id

Sent = tuple[Topic, str, Event]


def _envelope(subject: str, now: datetime, trace_id: str) -> dict[str, Any]:
    return {
        "id": new_id(),
        "occurred_at": now,
        "received_at": now,
        "subject": subject,
        "trace_id": trace_id,
    }


def changed(
    happened: type[AlertSetV1] | type[AlertRemovedV1],
    alert: Any,
    owner: str,
    now: datetime,
    trace_id: str,
) -> Sent:
    """Tell what somebody did with an alert."""
    data = AlertV1(**{name: alert[name] for name in AlertV1.model_fields})
    return (
        Topic.PRICING,
        alert["sku"],
        happened(**_envelope(owner, now, trace_id), data=data),
    )


def triggered(alert: Any, now: datetime, trace_id: str) -> Sent:
    """Tell that a price came down to a target."""
    data = TriggeredAlertV1(**{name: alert[name] for name in TriggeredAlertV1.model_fields})
    event = AlertTriggeredV1(**_envelope(alert["owner"], now, trace_id), data=data)
    return Topic.PRICING, alert["sku"], event
