"""What shoppers do on the pages, in the words of the Segment e-commerce specification."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from storefront_api.events.envelope import Event, Strict
from storefront_api.events.parts import PERSONAL, Currency, Minor, Pseudonym, Sku

# Limits are those of Google Analytics 4, https://support.google.com/analytics/answer/9267744: an
# event has 25 parameters, with names of 40 characters and values of 100; a page's address has 1000,
# its title 300 and its referrer 420.
MAX_PARAMETERS = 25
MAX_OWN_PARAMETERS = 10
"""The most that an event has beside `properties`; so both together keep to `MAX_PARAMETERS`."""

Text = Annotated[str, Field(max_length=100)]
_Number = Annotated[float, Field(ge=-(2**53), le=2**53)]
_Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
_Name = Annotated[str, Field(max_length=40, pattern="^[A-Za-z][A-Za-z0-9_]*$")]

Agent = Literal["", "browser", "declared_bot", "headless", "library", "empty", "other"]
"""A browser, a robot that says so, a browser that a program drives, a library, nameless, others."""
Network = Literal["", "data_centre", "other"]

IDS = ("session_id", "anonymous_id", "device_id")
"""What of a click tells whose it is, beside the envelope's subject."""
BY_THE_EDGE = ("agent", "network")
"""What of a click the store adds: a sender other than a partner may not state it."""


class ClickV1(Strict):
    """What every click carries."""

    session_id: str = Field(default="", max_length=64, description="Needed where there is consent.")
    anonymous_id: Pseudonym = ""
    device_id: Annotated[Pseudonym, PERSONAL] = ""
    derived: bool = Field(
        default=False, description="True when it was inferred from an order, not observed."
    )
    consent: Literal["granted", "denied"] = Field(
        default="granted", description="To analytics. Where it is denied there is no id."
    )
    agent: Agent = Field(
        default="",
        description="Class of the program that sent it, by its `User-Agent`, which is not kept; "
        "the collector states it. Empty if unknown.",
    )
    network: Network = Field(
        default="",
        description="Class of the network that it came from, by its address, which is not kept; "
        "the collector states it. Empty if unknown.",
    )
    properties: Annotated[dict[_Name, Text | bool | _Whole | _Number], PERSONAL] = Field(
        default={},
        max_length=MAX_PARAMETERS - MAX_OWN_PARAMETERS,
        description="What a site adds of its own; it should be nothing personal.",
    )

    @model_validator(mode="after")
    def _ids_need_consent(self) -> Self:
        if self.consent == "granted":
            if not self.session_id:
                raise ValueError("session_id is needed where consent is granted")
        elif self.session_id or self.anonymous_id or self.device_id:
            raise ValueError("session_id, anonymous_id and device_id are empty without consent")
        return self


class ProductClickV1(ClickV1):
    """A click that concerns one product."""

    sku: Sku
    currency: Currency = "USD"
    price_minor: Minor = 0
    position: int | None = Field(
        default=None, ge=1, description="Rank in the list it was shown in."
    )
    slate_id: str = Field(default="", max_length=64, description="The decision that showed it.")


class CartItemClickV1(ProductClickV1):
    """A click that puts a product into the cart or takes it out."""

    quantity: int = Field(ge=0)


class CartClickV1(ClickV1):
    """A click that concerns the whole cart."""

    currency: Currency = "USD"
    value_minor: Minor
    items: int = Field(ge=0, le=500)


class SearchClickV1(ClickV1):
    """A search and how much it found."""

    query: Annotated[str, PERSONAL] = Field(max_length=200)
    results: int = Field(ge=0)


class ListClickV1(ClickV1):
    """A list of products was shown."""

    list_id: str = Field(max_length=64)
    skus: list[Sku] = Field(max_length=200)
    slate_id: str = Field(default="", max_length=64)


class Click(Event):
    """A click; the class of each kind states its type and data."""

    version: Literal[1] = 1


class ProductViewedV1(Click):
    """A product page was opened."""

    type: Literal["product_viewed"] = "product_viewed"
    data: ProductClickV1


class ProductClickedV1(Click):
    """A product was clicked in a list."""

    type: Literal["product_clicked"] = "product_clicked"
    data: ProductClickV1


class ProductAddedV1(Click):
    """A product was put into the cart."""

    type: Literal["product_added"] = "product_added"
    data: CartItemClickV1


class ProductRemovedV1(Click):
    """A product was taken out of the cart."""

    type: Literal["product_removed"] = "product_removed"
    data: CartItemClickV1


class CartViewedV1(Click):
    """The cart was opened."""

    type: Literal["cart_viewed"] = "cart_viewed"
    data: CartClickV1


class CheckoutStartedV1(Click):
    """The checkout was begun."""

    type: Literal["checkout_started"] = "checkout_started"
    data: CartClickV1


class ProductsSearchedV1(Click):
    """A search was made."""

    type: Literal["products_searched"] = "products_searched"
    data: SearchClickV1


class ProductListViewedV1(Click):
    """A list of products, recommended ones included, was shown."""

    type: Literal["product_list_viewed"] = "product_list_viewed"
    data: ListClickV1
