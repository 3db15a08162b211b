"""What shoppers do on the pages, in the words of the Segment e-commerce specification."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from storefront_api.events.envelope import Event, Strict
from storefront_api.events.parts import Currency, Minor, Pseudonym, Sku


class ClickV1(Strict):
    """What every click carries."""

    session_id: str = Field(min_length=1, max_length=64)
    anonymous_id: Pseudonym
    device_id: Pseudonym = ""
    derived: bool = Field(
        default=False, description="True when it was inferred from an order, not observed."
    )


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

    query: str = Field(max_length=200)
    results: int = Field(ge=0)


class ListClickV1(ClickV1):
    """A list of products was shown."""

    list_id: str = Field(max_length=64)
    skus: list[Sku] = Field(max_length=200)
    slate_id: str = Field(default="", max_length=64)


class _Click(Event):
    version: Literal[1] = 1


class ProductViewedV1(_Click):
    """A product page was opened."""

    type: Literal["product_viewed"] = "product_viewed"
    data: ProductClickV1


class ProductClickedV1(_Click):
    """A product was clicked in a list."""

    type: Literal["product_clicked"] = "product_clicked"
    data: ProductClickV1


class ProductAddedV1(_Click):
    """A product was put into the cart."""

    type: Literal["product_added"] = "product_added"
    data: CartItemClickV1


class ProductRemovedV1(_Click):
    """A product was taken out of the cart."""

    type: Literal["product_removed"] = "product_removed"
    data: CartItemClickV1


class CartViewedV1(_Click):
    """The cart was opened."""

    type: Literal["cart_viewed"] = "cart_viewed"
    data: CartClickV1


class CheckoutStartedV1(_Click):
    """The checkout was begun."""

    type: Literal["checkout_started"] = "checkout_started"
    data: CartClickV1


class ProductsSearchedV1(_Click):
    """A search was made."""

    type: Literal["products_searched"] = "products_searched"
    data: SearchClickV1


class ProductListViewedV1(_Click):
    """A list of products, recommended ones included, was shown."""

    type: Literal["product_list_viewed"] = "product_list_viewed"
    data: ListClickV1
