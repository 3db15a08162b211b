"""Where each module's events are published."""

from __future__ import annotations

from enum import StrEnum


class Topic(StrEnum):
    """A Kafka topic: one per producing module, keyed by aggregate id, one raw table each."""

    CATALOG = "eco.catalog.v1"
    ORDERS = "eco.orders.v1"
    PAYMENTS = "eco.payments.v1"
    INVENTORY = "eco.inventory.v1"
    CARTS = "eco.carts.v1"
    IDENTITY = "eco.identity.v1"
    LEDGER = "eco.ledger.v1"
    PRICING = "eco.pricing.v1"
    BUSINESS = "eco.business.v1"
    FULFILMENT = "eco.fulfilment.v1"
    RETURNS = "eco.returns.v1"
    MARKETPLACE = "eco.marketplace.v1"
    SOCIAL = "eco.social.v1"
    NOTIFICATIONS = "eco.notifications.v1"
    CLICKSTREAM = "eco.clickstream.v1"
    DECISIONS = "eco.decisions.v1"

    @property
    def module(self) -> str:
        """Name of the producing module, which is also the raw table's name."""
        return self.value.split(".")[1]


DEAD_LETTERS = "eco.dead_letters.v1"
"""Messages that a consumer could not accept, each with where it came from and why."""
RESENT_LETTERS = "eco.dead_letters_resent.v1"
"""Which dead letters were repaired and sent to their topics again."""
