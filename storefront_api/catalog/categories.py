"""The tree of categories."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from storefront_api.catalog import category_repository as repository
from storefront_api.catalog.changes import changing
from storefront_api.catalog.schemas import CategoryId
from storefront_api.events.catalog import CategoryChangedV1, CategoryV1
from storefront_api.platform.database import Connection
from storefront_api.platform.errors import ConflictError, InvalidError
from storefront_api.services import Services

DEEPEST = 10
"""Most levels of the tree."""


class CategoryIn(BaseModel):
    """A category as it is to be."""

    model_config = ConfigDict(extra="forbid")

    parent_id: CategoryId | None = Field(default=None, description="Null for a root.")
    name: str = Field(min_length=1, max_length=120, pattern=r"^[^\x00]+$")
    position: Annotated[int, Field(ge=0, le=10_000)] = 0


class CategoryOut(BaseModel):
    """A category; those under the same one come in order of their position."""

    category_id: str
    parent_id: str | None
    name: str
    position: int
    products: int = Field(description="Products in the category itself.")


async def names(connection: Connection, category_id: str) -> dict[str, str]:
    """Return what department and category are called of a product in a category.

    The root is the department, the category itself the category; a root has none.

    Raises
    ------
    InvalidError
        If there is no such category.
    """
    path = await repository.path(connection, category_id)
    if not path:
        raise InvalidError(f"there is no category {category_id}", field="body.category_id")
    return {
        "department": path[0]["name"],
        "category": path[-1]["name"] if len(path) > 1 else "",
    }


async def tree(services: Services) -> list[CategoryOut]:
    """Return all categories, each after the one that it is under."""
    return [CategoryOut(**dict(row)) for row in await repository.tree(services.pool)]


async def put(
    services: Services, category_id: str, wanted: CategoryIn, trace_id: str
) -> CategoryOut:
    """Create a category, or change it.

    Raises
    ------
    InvalidError
        If the one above does not exist, is under this one, or is too deep.
    ConflictError
        If it would be moved or renamed while products are in it or below: what they are called in
        orders and reports would no longer be what the tree says.
    """
    async with changing(services, trace_id) as change:
        connection = change.connection
        above = await repository.path(connection, wanted.parent_id) if wanted.parent_id else []
        if wanted.parent_id and not above:
            raise InvalidError(f"there is no category {wanted.parent_id}", field="body.parent_id")
        if category_id in {row["category_id"] for row in above}:
            raise InvalidError("a category is not under itself", field="body.parent_id")
        if len(above) + 1 + await repository.height(connection, category_id) > DEEPEST:
            raise InvalidError(f"the tree has at most {DEEPEST} levels", field="body.parent_id")
        stated = (wanted.parent_id, wanted.name, wanted.position)
        before = await repository.find(connection, category_id)
        held = await repository.products_below(connection, category_id)
        if before and held and (before["parent_id"], before["name"]) != stated[:2]:
            raise ConflictError(f"{held} products are in it", field="path.category_id")
        if await repository.put(connection, category_id, *stated):
            data = CategoryV1(
                category_id=category_id,
                parent_id=wanted.parent_id or "",
                name=wanted.name,
                position=wanted.position,
            )
            change.tell(category_id, CategoryChangedV1, data)
        return CategoryOut(**dict(await repository.find(connection, category_id)))
