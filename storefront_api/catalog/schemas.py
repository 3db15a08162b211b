"""Requests and answers of the catalogue."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from storefront_api.events.catalog import ProductV1

MAX_IMPORT = 5_000


class Variant(BaseModel):
    """One thing that can be bought: a product in one size."""

    sku: str
    package_size: str
    mass_grams: int | None
    unit: str
    currency: str
    list_price_minor: int
    on_hand: int = Field(description="Stock, in `unit`.")


class ProductOut(BaseModel):
    """A product with its variants."""

    product_id: str
    name: str
    vendor_id: str
    brand: str
    department: str
    category: str
    product_type: str
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


class CatalogImport(BaseModel):
    """Variants to create or to replace, all of them or none."""

    model_config = ConfigDict(extra="forbid")

    products: list[ImportedProduct] = Field(min_length=1, max_length=MAX_IMPORT)


class ImportOut(BaseModel):
    """What an import changed."""

    created: int
    updated: int
    unchanged: int
