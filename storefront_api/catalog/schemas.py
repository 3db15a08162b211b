"""Requests and answers of the catalogue."""

from __future__ import annotations

import ipaddress
from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, AnyUrl, BaseModel, ConfigDict, Field, UrlConstraints
from pydantic import model_validator as checked

from storefront_api.catalog.sustainability import Attributes
from storefront_api.events.catalog import ProductV1
from storefront_api.events.parts import Currency, Minor, Sku, Unit

MAX_IMPORT = 5_000
MAX_VARIANTS = 500
MAX_MASS_GRAMS = 10**9
MAX_URL = 2048


def _public(url: AnyUrl) -> AnyUrl:
    if len(str(url)) > MAX_URL:
        # As it is written in answers, which may be longer than what was stated.
        raise ValueError(f"an image's URL has at most {MAX_URL} characters")
    if url.username or url.password:
        raise ValueError("an image's URL names nobody")
    host = (url.host or "").strip("[]")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if "." not in host.strip("."):
            raise ValueError("an image's host has a public name") from None
        return url
    raise ValueError("an image's host has a name, not an address")


ImageUrl = Annotated[
    AnyUrl,
    UrlConstraints(max_length=MAX_URL, allowed_schemes=["https"], host_required=True),
    AfterValidator(_public),
]
"""Where a browser finds a picture; the store itself never asks for it."""
OptionName = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\x00|;=]+$")]
OptionValue = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00|;=]+$")]
Options = Annotated[dict[OptionName, OptionValue], Field(max_length=5)]
ProductId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Text = Annotated[str, Field(max_length=120, pattern=r"^[^\x00]*$")]
CategoryId = Annotated[str, Field(pattern="^[a-z0-9-]{1,64}$")]
Description = Annotated[str, Field(max_length=5000, pattern=r"^[^\x00]*$")]
Named = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]+$")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Option(_In):
    """An option of a product with all values that its variants may have."""

    name: OptionName
    values: list[OptionValue] = Field(min_length=1, max_length=50)

    @checked(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.values)) != len(self.values):
            raise ValueError("each value is stated once")
        return self


class Image(_In):
    """A picture of a product."""

    url: ImageUrl
    alt: str = Field(min_length=1, max_length=300, pattern=r"\S", description="What is to be seen.")


class Reduced(BaseModel):
    """That a price is lower than all of the 30 days before it (Directive 98/6/EC, Article 6a)."""

    since: datetime
    lowest_30_days_minor: int = Field(description="The lowest price of the 30 days before.")


class Variant(BaseModel):
    """One thing that can be bought: a product in one size."""

    sku: str
    options: dict[str, str] = Field(description="What it is in each of the product's options.")
    package_size: str
    mass_grams: int | None
    unit: str
    currency: str
    list_price_minor: int
    reduced: Reduced | None
    on_hand: int = Field(description="Stock, in `unit`, what is kept for checkouts included.")
    available: int = Field(description="What can be bought now, in `unit`.")
    offers: int = Field(description="How many vendors' offers there are.")
    lowest_landed_minor: int | None = Field(description="Of the offers, shipping included.")
    archived: bool


class PathPart(BaseModel):
    """A category of the tree on the way to a product."""

    category_id: str
    name: str


class ScorePart(BaseModel):
    """One part of a score, with the source of what it is computed by."""

    part: str
    weight: int
    known: float = Field(description="Share of the part that is known, 0 to 1.")
    points: float | None = Field(description="0 to 100; null when nothing of it is known.")
    method: str
    source: str
    source_url: str


class Sustainability(BaseModel):
    """What is known of a product, and the score that follows from it."""

    score: int | None = Field(description="0 to 100; null when nothing is known.")
    confidence: float = Field(description="Share of the weights that is known, 0 to 1.")
    rules_version: str = Field(description="Empty when nothing was ever stated.")
    parts: list[ScorePart]
    attributes: Attributes


class Rated(BaseModel):
    """What a product's published reviews come to; GET /products/{product_id}/rating says how."""

    weighted: float = Field(
        description="Bayesian average in stars, to the hundredth: with few reviews near the prior."
    )
    reviews: int = Field(description="How many there are.")


class ProductOut(BaseModel):
    """A product with its variants."""

    product_id: str
    name: str
    description: str
    vendor_id: str
    brand: str
    department: str
    category: str
    product_type: str
    category_path: list[PathPart] = Field(description="In the tree, the root first.")
    options: list[Option]
    images: list[Image] = Field(description="In the order of showing.")
    sustainability: Sustainability
    rating: Rated
    archived: bool = Field(description="Whether no variant of it is offered any more.")
    variants: list[Variant]


class ProductPage(BaseModel):
    """Some products, and where the next page begins."""

    products: list[ProductOut]
    next_cursor: str = Field(description="Pass as `after`; empty on the last page.")


class ImportedProduct(ProductV1):
    """A variant as a partner states it, with its opening stock."""

    opening_stock: int = Field(
        default=0, ge=0, le=10**12, description="Used for new variants only."
    )


class CatalogImport(_In):
    """Variants to create or to replace, all of them or none."""

    products: list[ImportedProduct] = Field(min_length=1, max_length=MAX_IMPORT)


class ImportOut(BaseModel):
    """What an import changed."""

    created: int
    updated: int
    unchanged: int


class NewVariant(_In):
    """A variant to create."""

    sku: Sku
    options: Options = {}
    list_price_minor: Minor
    package_size: str = Field(default="", max_length=60, pattern=r"^[^\x00]*$")
    mass_grams: int | None = Field(default=None, ge=0, le=MAX_MASS_GRAMS)
    opening_stock: int = Field(default=0, ge=0, le=10**12)


class NewVariants(_In):
    """Variants to add to a product, all of them or none."""

    variants: list[NewVariant] = Field(min_length=1, max_length=MAX_VARIANTS)


def _each_option_once(options: list[Option]) -> list[Option]:
    if len({option.name for option in options}) != len(options):
        raise ValueError("each option is stated once")
    return options


Matrix = Annotated[list[Option], Field(max_length=5), AfterValidator(_each_option_once)]


class NewProduct(NewVariants):
    """A product to create with its variants."""

    product_id: ProductId | None = Field(default=None, description="Made up if it is not stated.")
    name: Named
    description: Description = ""
    vendor_id: str = Field(default="", max_length=64, pattern=r"^[^\x00]*$")
    brand: Text = ""
    category_id: CategoryId | None = Field(
        default=None, description="Of the tree; department and category then follow from it."
    )
    department: Text = ""
    category: Text = ""
    product_type: Text = ""
    currency: Currency
    unit: Unit = Unit.EACH
    options: Matrix = []
    images: list[Image] = Field(default=[], max_length=20)
    attributes: Attributes | None = None


class ProductChange(_In):
    """What is to be different of a product; what is not stated stays."""

    name: Named | None = None
    description: Description | None = None
    vendor_id: str | None = Field(default=None, max_length=64, pattern=r"^[^\x00]*$")
    brand: Text | None = None
    category_id: CategoryId | None = None
    product_type: Text | None = None
    options: Matrix | None = Field(default=None, description="All options with all their values.")


class VariantChange(_In):
    """What is to be different of a variant; what is not stated stays."""

    list_price_minor: Minor | None = None
    package_size: str | None = Field(default=None, max_length=60, pattern=r"^[^\x00]*$")
    mass_grams: int | None = Field(default=None, ge=0, le=MAX_MASS_GRAMS)


class Images(_In):
    """All pictures of a product, in the order of showing."""

    images: list[Image] = Field(max_length=20)
