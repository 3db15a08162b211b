"""Making products with their variants, changing them, and archiving them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from storefront_api.catalog import categories, product_repository, repository, scores, variants
from storefront_api.catalog.changes import Change, changing
from storefront_api.catalog.options import Matrix, broken_rule
from storefront_api.catalog.schemas import (
    Image,
    ImportedProduct,
    NewProduct,
    NewVariant,
    NewVariants,
    Option,
    ProductChange,
    ProductOut,
    VariantChange,
)
from storefront_api.catalog.service import shown
from storefront_api.catalog.telling import tell_described
from storefront_api.events.catalog import (
    ProductArchivedV1,
    ProductRestoredV1,
    ProductVariantsV1,
)
from storefront_api.platform import idempotency
from storefront_api.platform.errors import ConflictError, NotFoundError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import new_id
from storefront_api.services import Services

_COMMON = ("name", "vendor_id", "brand", "department", "category", "product_type")
_KEPT = (*_COMMON, "unit", "currency")


async def create(services: Services, request: Request, wanted: NewProduct, trace_id: str) -> Answer:
    """Create a product, or answer what was answered under the same idempotency key.

    Raises
    ------
    ConflictError
        If the product or a sku exists, or two variants have the same options.
    InvalidError
        If a variant's options are not those of the product, the category is not in the tree, or
        an attribute is not in the vocabulary.
    """
    product_id = wanted.product_id or str(new_id())
    async with changing(services, trace_id) as change:
        given = await idempotency.claim(change.connection, request)
        if given is not None:
            return given
        if await repository.product(change.connection, product_id):
            raise ConflictError(f"the product {product_id} exists", field="body.product_id")
        common: dict[str, Any] = {name: getattr(wanted, name) for name in _KEPT}
        if wanted.category_id:
            common |= await categories.names(change.connection, wanted.category_id)
        matrix = _matrix(wanted.options)
        await _add(change, product_id, common, wanted.variants, matrix, {})
        await product_repository.set_matrices(change.connection, {product_id: matrix})
        described = (product_id, wanted.description, wanted.category_id or "")
        await product_repository.describe(change.connection, [described])
        await product_repository.set_images(change.connection, product_id, _pairs(wanted.images))
        await tell_described(change, [product_id])
        if wanted.attributes is not None:
            await scores.state(change, {product_id: wanted.attributes}, "body.attributes")
        out = await shown(services, change.connection, product_id)
        answer = Answer(201, out.model_dump_json())
        await idempotency.keep(change.connection, request, answer)
    return answer


async def add_variants(
    services: Services, product_id: str, wanted: NewVariants, trace_id: str
) -> ProductOut:
    """Add variants to a product, all of them or none.

    Raises
    ------
    NotFoundError
        If there is no such product.
    ConflictError
        If a sku exists, or two variants would have the same options.
    InvalidError
        If a variant's options are not those of the product.
    """
    async with changing(services, trace_id) as change:
        first = (await _rows(change, product_id))[0]
        common = {name: first[name] for name in _KEPT}
        matrices = await product_repository.matrices(change.connection, [product_id])
        sets = await product_repository.option_sets(change.connection, [product_id])
        taken = {row["options_hash"]: row["sku"] for row in sets}
        matrix = matrices.get(product_id, {})
        await _add(change, product_id, common, wanted.variants, matrix, taken)
        return await shown(services, change.connection, product_id)


async def change_product(
    services: Services, product_id: str, wanted: ProductChange, trace_id: str
) -> ProductOut:
    """Change what is said of a product and of all its variants.

    Raises
    ------
    NotFoundError
        If there is no such product.
    ConflictError
        If a variant has options that the product would no longer have.
    InvalidError
        If the category is not in the tree.
    """
    async with changing(services, trace_id) as change:
        rows = await _rows(change, product_id)
        stated = wanted.model_dump(exclude_none=True, include=set(_COMMON))
        if wanted.category_id:
            stated |= await categories.names(change.connection, wanted.category_id)
        if stated:
            await variants.write(change, [variants.as_stated(row, **stated) for row in rows])
        details = await product_repository.details(change.connection, [product_id])
        description, category_id = details.get(product_id, ("", ""))
        if wanted.description is not None:
            description = wanted.description
        new = (product_id, description, wanted.category_id or category_id)
        changed = bool(await product_repository.describe(change.connection, [new]))
        if wanted.options is not None:
            changed |= await _change_matrix(change, product_id, wanted.options)
        if changed:
            await tell_described(change, [product_id])
        return await shown(services, change.connection, product_id)


async def change_variant(
    services: Services, sku: str, wanted: VariantChange, trace_id: str
) -> ProductOut:
    """Change a variant; a new price is kept in its history.

    Raises
    ------
    NotFoundError
        If there is no such variant.
    """
    async with changing(services, trace_id) as change:
        known = await repository.known(change.connection, [sku])
        if sku not in known:
            raise NotFoundError(f"there is no variant {sku!r}", field="path.sku")
        # Null is a value of the mass alone: it is unknown then.
        stated = {
            name: value
            for name, value in wanted.model_dump(exclude_unset=True).items()
            if value is not None or name == "mass_grams"
        }
        await variants.write(change, [variants.as_stated(known[sku], **stated)])
        return await shown(services, change.connection, known[sku]["product_id"])


async def set_images(
    services: Services, product_id: str, images: Sequence[Image], trace_id: str
) -> ProductOut:
    """Replace a product's images.

    Raises
    ------
    NotFoundError
        If there is no such product.
    """
    async with changing(services, trace_id) as change:
        await _rows(change, product_id)
        if await product_repository.set_images(change.connection, product_id, _pairs(images)):
            await tell_described(change, [product_id])
        return await shown(services, change.connection, product_id)


async def archive(
    services: Services, product_id: str, sku: str, archived: bool, trace_id: str
) -> ProductOut:
    """Archive a product or one of its variants, or offer it again; nothing is ever deleted.

    Raises
    ------
    NotFoundError
        If there is no such product, or it has no such variant.
    """
    async with changing(services, trace_id) as change:
        rows = await _rows(change, product_id)
        if sku and sku not in {row["sku"] for row in rows}:
            raise NotFoundError(f"it has no variant {sku!r}", field="query.sku")
        at = change.now if archived else None
        skus = await product_repository.archive(change.connection, product_id, sku, at)
        event = ProductArchivedV1 if archived else ProductRestoredV1
        for first in range(0, len(skus), 1_000):
            some = skus[first : first + 1_000]
            change.tell(product_id, event, ProductVariantsV1(product_id=product_id, skus=some))
            change.touched.add(product_id)
        return await shown(services, change.connection, product_id)


async def _rows(change: Change, product_id: str) -> list[Any]:
    rows = await repository.product(change.connection, product_id)
    if not rows:
        raise NotFoundError(f"there is no product {product_id!r}", field="path.product_id")
    return rows


def _matrix(options: Sequence[Option]) -> dict[str, list[str]]:
    return {option.name: option.values for option in options}


def _pairs(images: Sequence[Image]) -> list[tuple[str, str]]:
    return [(str(image.url), image.alt) for image in images]


async def _add(
    change: Change,
    product_id: str,
    common: Mapping[str, Any],
    wanted: Sequence[NewVariant],
    matrix: Matrix,
    taken: Mapping[bytes, str],
) -> None:
    """Write new variants with their options."""
    skus = [variant.sku for variant in wanted]
    for place, sku in enumerate(skus):
        if sku in skus[:place]:
            raise ConflictError(f"{sku} is stated twice", field=f"body.variants.{place}.sku")
    known = await repository.known(change.connection, skus)
    for place, sku in enumerate(skus):
        if sku in known:
            raise ConflictError(f"the sku {sku} exists", field=f"body.variants.{place}.sku")
    variants.check_options([variant.options for variant in wanted], matrix, taken)
    products = [
        ImportedProduct.model_validate(
            {**common, "product_id": product_id, **variant.model_dump(exclude={"options"})}
        )
        for variant in wanted
    ]
    await variants.write(change, products)
    options = {variant.sku: variant.options for variant in wanted}
    await variants.give_options(change, {product_id: options})


async def _change_matrix(change: Change, product_id: str, options: Sequence[Option]) -> bool:
    """Replace a product's options; False if they are what they were."""
    matrix = _matrix(options)
    before = (await product_repository.matrices(change.connection, [product_id])).get(product_id)
    if list(matrix.items()) == list((before or {}).items()):
        return False
    for row in await product_repository.option_sets(change.connection, [product_id]):
        name, rule = broken_rule(row["options"], matrix)
        if rule:
            raise ConflictError(f"{row['sku']}: {rule}", field=f"body.options.{name}")
    await product_repository.set_matrices(change.connection, {product_id: matrix})
    return True
