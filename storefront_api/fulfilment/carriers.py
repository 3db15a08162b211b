"""The carriers that shipments may go by."""

from __future__ import annotations

from collections.abc import Mapping

from storefront_api.fulfilment.local_carrier import LocalCarrier
from storefront_api.platform.carrier import Carrier
from storefront_api.platform.clock import Clock
from storefront_api.settings import Settings

OWN = "store"
"""The store itself: its van, its bikes, its counter. It has no labels; staff scan."""


def carriers(settings: Settings, clock: Clock) -> Mapping[str, Carrier]:
    """Return the carriers by the name under which shipments and webhooks know them."""
    secret = settings.carrier_webhook_secret.get_secret_value()
    return {"local": LocalCarrier(secret, clock)}
