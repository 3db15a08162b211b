"""What else shoppers do on the pages: promotions, steps of checkouts, wishlists and the like."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from storefront_api.events.clickstream import (
    Click,
    ClickV1,
    ListClickV1,
    ProductClickV1,
    Text,
)
from storefront_api.events.envelope import Strict
from storefront_api.events.parts import Currency, Minor, Sku


class PageClickV1(ClickV1):
    """A page, without what its address holds after the path."""

    url: str = Field(max_length=1000)
    title: str = Field(default="", max_length=300)
    referrer: str = Field(default="", max_length=420)


class FilterV1(Strict):
    """A property that a list was narrowed by."""

    type: Text
    value: Text


class FilteredListClickV1(ListClickV1):
    """A list and what it was narrowed and sorted by."""

    filters: list[FilterV1] = Field(max_length=20)
    sort: Text = ""


class PromotionClickV1(ClickV1):
    """A banner or the like."""

    promotion_id: Annotated[str, Field(min_length=1, max_length=64)]
    name: Text = ""
    creative: Text = ""
    position: int | None = Field(default=None, ge=1)


class StepClickV1(ClickV1):
    """A step of a checkout."""

    checkout_id: str = Field(default="", max_length=64)
    step: int = Field(ge=1, le=100)
    name: Text = ""
    shipping_method: Text = ""
    payment_method: Text = ""


class PaymentInfoClickV1(ClickV1):
    """How somebody is about to pay; nothing of the card or the account."""

    checkout_id: str = Field(default="", max_length=64)
    currency: Currency = "USD"
    value_minor: Minor = 0
    payment_method: Text = ""


class CouponClickV1(ClickV1):
    """A code that somebody typed."""

    coupon: Annotated[str, Field(min_length=1, max_length=100)]
    checkout_id: str = Field(default="", max_length=64)
    currency: Currency = "USD"
    discount_minor: Minor = 0
    reason: Text = Field(default="", description="Why it was denied.")


class WishlistClickV1(ProductClickV1):
    """A product of a wishlist."""

    wishlist_id: str = Field(default="", max_length=64)


class ShareClickV1(ClickV1):
    """How something was shared; never with whom."""

    share_via: str = Field(max_length=40)
    skus: list[Sku] = Field(max_length=200)


class ReviewClickV1(ClickV1):
    """A review's product and stars."""

    sku: Sku
    review_id: str = Field(default="", max_length=64)
    rating: int = Field(ge=1, le=5)


class ExperimentClickV1(ClickV1):
    """An experiment and the variant of it that was shown."""

    experiment_id: Annotated[str, Field(min_length=1, max_length=64)]
    variant: Annotated[str, Field(min_length=1, max_length=64)]


class PageViewedV1(Click):
    """A page was opened."""

    type: Literal["page_viewed"] = "page_viewed"
    data: PageClickV1


class ProductListFilteredV1(Click):
    """A list of products was narrowed or sorted."""

    type: Literal["product_list_filtered"] = "product_list_filtered"
    data: FilteredListClickV1


class PromotionViewedV1(Click):
    """A promotion was shown."""

    type: Literal["promotion_viewed"] = "promotion_viewed"
    data: PromotionClickV1


class PromotionClickedV1(Click):
    """A promotion was clicked."""

    type: Literal["promotion_clicked"] = "promotion_clicked"
    data: PromotionClickV1


class CheckoutStepViewedV1(Click):
    """A step of the checkout was shown."""

    type: Literal["checkout_step_viewed"] = "checkout_step_viewed"
    data: StepClickV1


class CheckoutStepCompletedV1(Click):
    """A step of the checkout was finished."""

    type: Literal["checkout_step_completed"] = "checkout_step_completed"
    data: StepClickV1


class PaymentInfoEnteredV1(Click):
    """It was stated how to pay."""

    type: Literal["payment_info_entered"] = "payment_info_entered"
    data: PaymentInfoClickV1


class CouponEnteredV1(Click):
    """A promotion code was typed; whether it was applied, the order tells."""

    type: Literal["coupon_entered"] = "coupon_entered"
    data: CouponClickV1


class CouponDeniedV1(Click):
    """A promotion code was not accepted."""

    type: Literal["coupon_denied"] = "coupon_denied"
    data: CouponClickV1


class CouponRemovedV1(Click):
    """A promotion code was taken back."""

    type: Literal["coupon_removed"] = "coupon_removed"
    data: CouponClickV1


class ProductAddedToWishlistV1(Click):
    """A product was put on a wishlist."""

    type: Literal["product_added_to_wishlist"] = "product_added_to_wishlist"
    data: WishlistClickV1


class ProductRemovedFromWishlistV1(Click):
    """A product was taken off a wishlist."""

    type: Literal["product_removed_from_wishlist"] = "product_removed_from_wishlist"
    data: WishlistClickV1


class WishlistProductAddedToCartV1(Click):
    """A product went from a wishlist into the cart."""

    type: Literal["wishlist_product_added_to_cart"] = "wishlist_product_added_to_cart"
    data: WishlistClickV1


class ProductSharedV1(Click):
    """A product was shared."""

    type: Literal["product_shared"] = "product_shared"
    data: ShareClickV1


class CartSharedV1(Click):
    """A cart was shared."""

    type: Literal["cart_shared"] = "cart_shared"
    data: ShareClickV1


class ProductReviewedV1(Click):
    """A product was reviewed on its page."""

    type: Literal["product_reviewed"] = "product_reviewed"
    data: ReviewClickV1


class ExperimentViewedV1(Click):
    """A variant of an experiment was shown."""

    type: Literal["experiment_viewed"] = "experiment_viewed"
    data: ExperimentClickV1


INTERACTIONS: tuple[type[Click], ...] = (
    PageViewedV1,
    ProductListFilteredV1,
    PromotionViewedV1,
    PromotionClickedV1,
    CheckoutStepViewedV1,
    CheckoutStepCompletedV1,
    PaymentInfoEnteredV1,
    CouponEnteredV1,
    CouponDeniedV1,
    CouponRemovedV1,
    ProductAddedToWishlistV1,
    ProductRemovedFromWishlistV1,
    WishlistProductAddedToCartV1,
    ProductSharedV1,
    CartSharedV1,
    ProductReviewedV1,
    ExperimentViewedV1,
)
"""In the order of the catalogue."""
