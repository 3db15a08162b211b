"""What alerts of prices publish, to the topic of pricing: never whom they are sent to."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from storefront_api.events.envelope import Event, Strict
from storefront_api.events.parts import Currency, Minor, Sku


class AlertV1(Strict):
    """What somebody waits for: a list price at or below a target."""

    alert_id: UUID
    sku: Sku
    currency: Currency
    target_minor: Minor


class TriggeredAlertV1(AlertV1):
    """A target that a list price has come down to."""

    list_price_minor: Minor
    times: int = Field(ge=1, description="How often that has happened to this alert.")


class AlertSetV1(Event):
    """Somebody waits for a price, or for another one than before."""

    type: Literal["alert_set"] = "alert_set"
    version: Literal[1] = 1
    data: AlertV1


class AlertTriggeredV1(Event):
    """A list price dropped to a target or below it; its owner is told once."""

    type: Literal["alert_triggered"] = "alert_triggered"
    version: Literal[1] = 1
    data: TriggeredAlertV1


class AlertRemovedV1(Event):
    """Somebody waits for a price no more."""

    type: Literal["alert_removed"] = "alert_removed"
    version: Literal[1] = 1
    data: AlertV1
