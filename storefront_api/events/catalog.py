"""What the catalogue publishes."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from storefront_api.events.envelope import Event, Strict
from storefront_api.events.parts import Currency, Minor, Sku, Unit


class ProductV1(Strict):
    """A product variant as it is offered; the whole state, not a change."""

    sku: Sku
    product_id: str = Field(min_length=1, max_length=64)
    name: str = Field(min_length=1, max_length=300)
    vendor_id: str = Field(max_length=64)
    brand: str = Field(max_length=120)
    department: str = Field(max_length=120)
    category: str = Field(max_length=120, description="Empty when the source states none.")
    product_type: str = Field(max_length=120)
    package_size: str = Field(max_length=60, description="As printed, for example '22 LB'.")
    mass_grams: int | None = Field(
        ge=0, le=10**9, description="Net mass of one unit; null when unknown."
    )
    unit: Unit
    currency: Currency
    list_price_minor: Minor


class ProductCreatedV1(Event):
    """A product variant entered the catalogue."""

    type: Literal["product_created"] = "product_created"
    version: Literal[1] = 1
    data: ProductV1


class ProductUpdatedV1(Event):
    """A product variant changed; carries its whole new state."""

    type: Literal["product_updated"] = "product_updated"
    version: Literal[1] = 1
    data: ProductV1


class OptionValueV1(Strict):
    """What a variant is in one of its product's options."""

    name: str = Field(min_length=1, max_length=40)
    value: str = Field(min_length=1, max_length=60)


class VariantOptionsV1(Strict):
    """A variant's place among the variants of its product."""

    sku: Sku
    product_id: str = Field(min_length=1, max_length=64)
    options: list[OptionValueV1] = Field(min_length=1, max_length=5)


class VariantCreatedV1(Event):
    """A variant has its set of options, which no other variant of the product has."""

    type: Literal["variant_created"] = "variant_created"
    version: Literal[1] = 1
    data: VariantOptionsV1


class OptionV1(Strict):
    """An option of a product with all values that its variants may have."""

    name: str = Field(min_length=1, max_length=40)
    values: list[str] = Field(min_length=1, max_length=50)


class ImageV1(Strict):
    """A picture of a product."""

    url: str = Field(max_length=2048, pattern="^https://")
    alt: str = Field(min_length=1, max_length=300)


class ProductDetailsV1(Strict):
    """What is said of a product as a whole; the whole state, not a change."""

    product_id: str = Field(min_length=1, max_length=64)
    description: str = Field(max_length=5000)
    category_path: list[str] = Field(
        max_length=20, description="Ids of the tree's categories, the root first; empty for none."
    )
    options: list[OptionV1] = Field(max_length=5)
    images: list[ImageV1] = Field(max_length=20, description="In the order of showing.")


class ProductDescribedV1(Event):
    """A product's description, options, images or place in the tree changed."""

    type: Literal["product_described"] = "product_described"
    version: Literal[1] = 1
    data: ProductDetailsV1


class ProductVariantsV1(Strict):
    """Some variants of a product."""

    product_id: str = Field(min_length=1, max_length=64)
    skus: list[Sku] = Field(min_length=1, max_length=1000)


class ProductArchivedV1(Event):
    """Variants are no longer offered; what refers to them stays."""

    type: Literal["product_archived"] = "product_archived"
    version: Literal[1] = 1
    data: ProductVariantsV1


class ProductRestoredV1(Event):
    """Variants that were archived are offered again."""

    type: Literal["product_restored"] = "product_restored"
    version: Literal[1] = 1
    data: ProductVariantsV1


class CategoryV1(Strict):
    """A category and the one that it is under."""

    category_id: str = Field(pattern="^[a-z0-9-]{1,64}$")
    parent_id: str = Field(pattern="^[a-z0-9-]{0,64}$", description="Empty for a root.")
    name: str = Field(min_length=1, max_length=120)
    position: int = Field(ge=0, le=10_000, description="Among those under the same one.")


class CategoryChangedV1(Event):
    """A category was made, moved or renamed."""

    type: Literal["category_changed"] = "category_changed"
    version: Literal[1] = 1
    data: CategoryV1


class OfferV1(Strict):
    """What a vendor asks for a variant; the whole state, not a change."""

    sku: Sku
    vendor_id: str = Field(min_length=1, max_length=64)
    condition: Literal["new", "refurbished", "used"]
    currency: Currency
    price_minor: Minor
    shipping_minor: Minor
    lead_days: int = Field(ge=0, le=365, description="Working days until it is sent.")
    withdrawn: bool


class OfferChangedV1(Event):
    """A vendor offers a variant, changed the offer, or withdrew it."""

    type: Literal["offer_changed"] = "offer_changed"
    version: Literal[1] = 1
    data: OfferV1


class ImportV1(Strict):
    """How many rows of a file did what."""

    import_id: UUID
    rows: int = Field(ge=0)
    created: int = Field(ge=0)
    updated: int = Field(ge=0)
    unchanged: int = Field(ge=0)
    rejected: int = Field(ge=0)


class ImportFinishedV1(Event):
    """A file of products was read to its end and changed something."""

    type: Literal["import_finished"] = "import_finished"
    version: Literal[1] = 1
    data: ImportV1
