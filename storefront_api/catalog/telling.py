"""The event that tells what is said of products as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from storefront_api.catalog import repository
from storefront_api.catalog.changes import Change
from storefront_api.events.catalog import ImageV1, OptionV1, ProductDescribedV1, ProductDetailsV1


async def tell_described(change: Change, product_ids: Sequence[str]) -> None:
    """Tell what is now said of some products."""
    wholes = await repository.wholes(change.connection, product_ids)
    for product_id in product_ids:
        whole = wholes[product_id]
        data = ProductDetailsV1(
            product_id=product_id,
            description=whole["description"],
            category_path=[part["category_id"] for part in whole["category_path"]],
            options=[OptionV1.model_validate(option) for option in whole["options"]],
            images=[ImageV1.model_validate(image) for image in whole["images"]],
        )
        change.tell(product_id, ProductDescribedV1, data)
