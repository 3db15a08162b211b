"""Requests and answers of carts."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

MAX_LINES = 500
MAX_QUANTITY = 10**9


class CartLineIn(BaseModel):
    """How much of a variant there is to be in the cart."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"quantity": 2, "saved": False}}
    )

    quantity: int = Field(ge=1, le=MAX_QUANTITY, description="In the variant's unit.")
    saved: bool = Field(default=False, description="Keep it for later instead of buying it now.")


class MergeIn(BaseModel):
    """The cart to take over: whoever holds its shopper's token may do so."""

    model_config = ConfigDict(extra="forbid")

    guest_token: str = Field(min_length=1, max_length=4096)


class CartLineOut(BaseModel):
    """A line with the catalogue's price and stock as they are now."""

    sku: str
    product_id: str
    name: str
    unit: str
    quantity: int
    saved: bool
    price_minor: int = Field(description="Now, per piece or per 1,000 thousandths.")
    seen_price_minor: int = Field(description="When it was last put in.")
    price_changed: bool
    enough_in_stock: bool
    total_minor: int
    tax_rate_bp: int | None = Field(
        description="Value added tax, in basis points of the price before it; null where no rates "
        "are known for the country."
    )
    tax_minor: int | None = Field(description="Part of the total that is tax.")


class CartOut(BaseModel):
    """A cart; its total is that of the lines that are not kept for later."""

    cart_id: UUID | None = Field(description="null while nothing was ever put in.")
    currency: str = Field(description="Of every line; empty while there is none.")
    destination: str = Field(
        description="Country whose rates of value added tax are shown: the store's own unless the "
        "reader asks for another. That of the checkout decides."
    )
    lines: list[CartLineOut]
    total_minor: int
    tax_minor: int | None = Field(
        description="Part of the total that is tax; null where no rates are known."
    )
