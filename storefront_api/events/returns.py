"""What the returns module publishes."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from storefront_api.events.envelope import Event, Strict
from storefront_api.events.parts import Currency, Minor, Sku


class ReturnLineV1(Strict):
    """Units of an order's line that are to come back, and why."""

    line_number: int = Field(ge=1)
    sku: Sku
    units: int = Field(ge=1, description="In the variant's unit.")
    reason: Literal["unwanted", "damaged", "wrong_item", "not_as_described"]


class ReturnV1(Strict):
    """Units of an order that a shopper wants to give back."""

    return_id: UUID
    order_id: UUID
    lines: list[ReturnLineV1] = Field(min_length=1, max_length=500)


class ReturnRequestedV1(Event):
    """A shopper asks to give goods back."""

    type: Literal["return_requested"] = "return_requested"
    version: Literal[1] = 1
    data: ReturnV1


class DecidedReturnV1(Strict):
    """A return that somebody decided about."""

    return_id: UUID
    order_id: UUID


class ReturnApprovedV1(Event):
    """The goods may be sent back."""

    type: Literal["return_approved"] = "return_approved"
    version: Literal[1] = 1
    data: DecidedReturnV1


class ReturnRejectedV1(Event):
    """The goods will not be taken back."""

    type: Literal["return_rejected"] = "return_rejected"
    version: Literal[1] = 1
    data: DecidedReturnV1


class ReceivedLineV1(Strict):
    """Units that came back, as they were found, and their share of what the line cost."""

    line_number: int = Field(ge=1)
    sku: Sku
    restocked: int = Field(ge=0)
    written_off: int = Field(ge=0)
    list_minor: Minor
    discount_minor: Minor


class ReceivedReturnV1(Strict):
    """Goods that came back and were inspected."""

    return_id: UUID
    order_id: UUID
    currency: Currency
    lines: list[ReceivedLineV1] = Field(min_length=1, max_length=500)
    refunded_minor: Minor = Field(
        description="At most the lines' list less discount; less where the order's money is gone."
    )


class ReceivedLineV2(ReceivedLineV1):
    """Units that came back, as they were found, and what of the refund is the line's."""

    refunded_minor: Minor | None = Field(
        description="What the line bears of the refund; null where nobody noted it, as before "
        "version 2."
    )
    tax_minor: Minor | None = Field(
        description="Part of `refunded_minor` that is tax; null where that is nothing, or the "
        "order's tax is not known."
    )


class ReceivedReturnV2(Strict):
    """Goods that came back and were inspected."""

    return_id: UUID
    order_id: UUID
    currency: Currency
    lines: list[ReceivedLineV2] = Field(min_length=1, max_length=500)
    refunded_minor: Minor = Field(
        description="At most the lines' list less discount; less where the order's money is gone."
    )
    tax_minor: Minor | None = Field(
        description="Part of the refund that is tax, other lines' included that bear what the "
        "returned ones cannot; null where nothing is refunded, or the order's tax is not known."
    )


class ReturnReceivedV1(Event):
    """Goods came back, were inspected, and their money was given back."""

    type: Literal["return_received"] = "return_received"
    version: Literal[1] = 1
    data: ReceivedReturnV1


class ReturnReceivedV2(Event):
    """Goods came back, were inspected, and their money was given back with the tax in it."""

    type: Literal["return_received"] = "return_received"
    version: Literal[2] = 2
    data: ReceivedReturnV2
