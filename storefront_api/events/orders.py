"""What the order module publishes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from storefront_api.events.envelope import Event, Strict
from storefront_api.events.parts import (
    PERSONAL,
    Channel,
    Country,
    Currency,
    DeliveryMode,
    Minor,
    Packaging,
    Pseudonym,
    Sku,
    Unit,
)


class OrderLineV1(Strict):
    """One line of an order; ``total_minor = list_minor - discount_minor``."""

    line_number: int = Field(ge=1)
    sku: Sku
    quantity: int = Field(ge=0, description="In `unit`; 0 on a till's adjustment line.")
    unit: Unit
    list_minor: Minor
    discount_minor: Minor
    total_minor: Minor

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.total_minor != self.list_minor - self.discount_minor:
            raise ValueError("total_minor must equal list_minor - discount_minor")
        return self


class OrderLineV2(OrderLineV1):
    """One line of an order, with the value added tax that its total includes."""

    tax_rate_bp: int | None = Field(
        ge=0,
        le=10_000,
        description="Rate frozen with the order, in basis points of the price before tax; "
        "null where no tax was computed, as in orders from before version 3.",
    )
    tax_minor: Minor | None = Field(
        description="Part of `total_minor` that is tax; null where `tax_rate_bp` is."
    )

    @model_validator(mode="after")
    def _tax_is_a_part(self) -> Self:
        if (self.tax_minor is None) != (self.tax_rate_bp is None):
            raise ValueError("tax_minor and tax_rate_bp must both be null, or neither")
        if self.tax_minor is not None and self.tax_minor > self.total_minor:
            raise ValueError("tax_minor must not exceed total_minor")
        return self


class _Means(Strict):
    fingerprint: Annotated[Pseudonym, PERSONAL]
    country: Annotated[Country, PERSONAL]


class PaymentV1(_Means):
    """The means an order was paid by, before companies could buy on invoice."""

    method: Literal["card", "cash", "gift_card"]


class PaymentV2(_Means):
    """The means an order was paid by, without anything that identifies a card or a person."""

    method: Literal["card", "cash", "gift_card", "invoice"]


class DeliveryV1(Strict):
    """How and how far an order travels from the store."""

    mode: DeliveryMode
    packaging: Packaging
    distance_km: float = Field(ge=0, le=20_100, description="One way, along the road.")
    area: Annotated[str, PERSONAL] = Field(
        max_length=16, description="Postal area, never an address."
    )


class _Placed(Strict):
    order_id: UUID
    store_id: str = Field(min_length=1, max_length=64)
    channel: Channel
    source_ref: str = Field(
        max_length=64, description="The order's id in the system it came from; empty if ours."
    )
    session_id: Annotated[str, PERSONAL] = Field(max_length=64)
    device_id: Annotated[Pseudonym, PERSONAL]
    ip_country: Annotated[Country, PERSONAL]
    currency: Currency
    total_minor: Minor
    delivery: DeliveryV1
    risk: Literal["allow", "review", "unscored"] = Field(
        description="The fraud model's answer when the order was placed; unscored when it was away."
    )
    risk_decision_id: str = Field(max_length=64, description="The decision event, if there is one.")


class _Untaxed(_Placed):
    lines: list[OrderLineV1] = Field(min_length=1, max_length=500)

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        _check_lines(self.total_minor, self.lines)
        return self


class OrderV1(_Untaxed):
    """An order as it was placed; ``total_minor`` is the sum over its lines."""

    payment: PaymentV1


class OrderV2(_Untaxed):
    """An order as it was placed; ``total_minor`` is the sum over its lines."""

    payment: PaymentV2


class OrderV3(_Placed):
    """An order as it was placed; ``total_minor`` and ``tax_minor`` are sums over its lines."""

    lines: list[OrderLineV2] = Field(min_length=1, max_length=500)
    payment: PaymentV2
    destination: Country = Field(
        description="Country whose rates of value added tax hold, ISO 3166-1; empty = unknown."
    )
    tax_minor: Minor | None = Field(
        description="Part of `total_minor` that is tax; null where no tax was computed."
    )

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        _check_lines(self.total_minor, self.lines)
        taxes = [line.tax_minor for line in self.lines]
        known = [minor for minor in taxes if minor is not None]
        if self.tax_minor is None:
            if known:
                raise ValueError("tax_minor must not be null where a line's is not")
        elif len(known) < len(taxes) or self.tax_minor != sum(known):
            raise ValueError("tax_minor must equal the sum of the lines' tax_minor")
        return self


def _check_lines(total_minor: int, lines: Sequence[OrderLineV1]) -> None:
    if total_minor != sum(line.total_minor for line in lines):
        raise ValueError("total_minor must equal the sum of the lines' total_minor")
    if [line.line_number for line in lines] != list(range(1, len(lines) + 1)):
        raise ValueError("line_number must count from 1 without gaps")


class OrderCompletedV1(Event):
    """An order was placed and paid, not on invoice."""

    type: Literal["order_completed"] = "order_completed"
    version: Literal[1] = 1
    data: OrderV1


class OrderCompletedV2(Event):
    """An order was placed, and paid or bought on invoice."""

    type: Literal["order_completed"] = "order_completed"
    version: Literal[2] = 2
    data: OrderV2


class OrderCompletedV3(Event):
    """An order was placed, and paid or bought on invoice; its lines say what of them is tax."""

    type: Literal["order_completed"] = "order_completed"
    version: Literal[3] = 3
    data: OrderV3


class RefundV1(Strict):
    """Money given back for an order."""

    refund_id: UUID
    order_id: UUID
    currency: Currency
    amount_minor: Minor
    reason: Literal["returned", "not_received", "damaged", "goodwill"]


class RefundedLineV1(Strict):
    """What a line of an order bears of a refund."""

    line_number: int = Field(ge=1)
    amount_minor: Minor
    tax_minor: Minor | None = Field(
        description="Part of the amount that is tax; null where the order's tax is not known."
    )


class RefundV2(RefundV1):
    """Money given back for an order, by its lines, and the tax in it."""

    tax_minor: Minor | None = Field(
        description="Part of the amount that is tax, over all lines; null where the order's tax "
        "is not known."
    )
    lines: list[RefundedLineV1] = Field(
        max_length=500,
        description="Lines that bear the refund; empty where nobody noted them, as before "
        "version 2.",
    )

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.lines and self.amount_minor != sum(line.amount_minor for line in self.lines):
            raise ValueError("amount_minor must equal the sum of the lines' amount_minor")
        known = [line.tax_minor for line in self.lines if line.tax_minor is not None]
        if self.lines and self.tax_minor != (sum(known) if known else None):
            raise ValueError("tax_minor must equal the sum of the lines' tax_minor")
        return self


class OrderRefundedV1(Event):
    """Part or all of an order was refunded."""

    type: Literal["order_refunded"] = "order_refunded"
    version: Literal[1] = 1
    data: RefundV1


class OrderRefundedV2(Event):
    """Part or all of an order was refunded; its lines say what of it is tax."""

    type: Literal["order_refunded"] = "order_refunded"
    version: Literal[2] = 2
    data: RefundV2


class CancelledOrderV1(Strict):
    """An order that was given up before anything of it was sent."""

    order_id: UUID
    reason: Literal["shopper", "out_of_stock", "fraud", "other"]
    currency: Currency
    refunded_minor: Minor = Field(description="Of the order's total, by the cancellation.")


class OrderCancelledV1(Event):
    """An order was cancelled: stock, codes and money are back."""

    type: Literal["order_cancelled"] = "order_cancelled"
    version: Literal[1] = 1
    data: CancelledOrderV1
