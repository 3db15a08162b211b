"""Values that several events share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

Sku = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217 code.")]
Minor = Annotated[
    int, Field(ge=0, le=2**53 - 1, description="Money in minor units of the event's currency.")
]
Country = Annotated[str, Field(pattern="^([A-Z]{2})?$", description="ISO 3166-1; empty = unknown.")]
Pseudonym = Annotated[str, Field(max_length=64, description="A keyed hash, never the value.")]

PERSONAL_MARK = "x-personal"
PERSONAL = Field(json_schema_extra={PERSONAL_MARK: True})
"""Marks what somebody typed, or what describes a person, a card or a device: in the log it is
sealed with the person's key. `sealing` says how."""


class Unit(StrEnum):
    """What a quantity of one means."""

    EACH = "each"
    MILLI = "milli"
    """A thousandth of the priced unit, as for fuel sold by the thousandth of a gallon."""


class Channel(StrEnum):
    """How an order reached the store."""

    WEB = "web"
    TILL = "till"


class DeliveryMode(StrEnum):
    """How an order reaches the shopper."""

    COLLECT = "collect"
    VAN = "van"
    CARGO_BIKE = "cargo_bike"
    POST = "post"


class Packaging(StrEnum):
    """What an order is packed in."""

    NONE = "none"
    PAPER_BAG = "paper_bag"
    CARDBOARD_BOX = "cardboard_box"
    REUSABLE_CRATE = "reusable_crate"
