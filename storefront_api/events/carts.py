"""What the cart module publishes."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from storefront_api.events.envelope import Event, Strict
from storefront_api.events.orders import OrderLineV1
from storefront_api.events.parts import Currency, Minor, Pseudonym, Sku


class CartLineV1(Strict):
    """Something in a cart."""

    sku: Sku
    quantity: int = Field(ge=1, description="In the variant's unit.")
    saved: bool = Field(description="Whether it is kept for later, and not to be bought now.")
    price_minor: Minor = Field(description="What the shopper saw when it was last put in.")


class CartV1(Strict):
    """A whole cart, as a change left it."""

    cart_id: UUID
    lines: list[CartLineV1] = Field(max_length=500)


class CartUpdatedV1(Event):
    """A shopper put something in, took it out, or kept it for later."""

    type: Literal["cart_updated"] = "cart_updated"
    version: Literal[1] = 1
    data: CartV1


class MergedCartV1(Strict):
    """A cart with what came from another one."""

    cart: CartV1
    from_cart_id: UUID
    from_subject: Pseudonym = Field(description="Whose cart is empty now.")


class CartMergedV1(Event):
    """A guest's cart went over into the cart of the account that the guest logged in to."""

    type: Literal["cart_merged"] = "cart_merged"
    version: Literal[1] = 1
    data: MergedCartV1


class CheckoutV1(Strict):
    """A cart that its shopper means to pay now; if paid it becomes the order of the same id."""

    checkout_id: UUID
    currency: Currency
    lines: list[OrderLineV1] = Field(min_length=1, max_length=500)
    total_minor: Minor
    due_minor: Minor = Field(description="What is to be paid by card.")


class CheckoutOpenedV1(Event):
    """Stock and codes are kept for a shopper who is about to pay."""

    type: Literal["checkout_opened"] = "checkout_opened"
    version: Literal[1] = 1
    data: CheckoutV1


class EndedCheckoutV1(Strict):
    """A checkout that never became an order."""

    checkout_id: UUID
    reason: Literal["expired", "cancelled"]
    currency: Currency
    total_minor: Minor = Field(description="What it would have been worth.")


class CheckoutEndedV1(Event):
    """A checkout ended without an order; all that was kept for it is free again."""

    type: Literal["checkout_ended"] = "checkout_ended"
    version: Literal[1] = 1
    data: EndedCheckoutV1
