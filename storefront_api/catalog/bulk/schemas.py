"""Answers about bulk files."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, Field

from storefront_api.catalog.bulk.rows import RowError


class BulkOut(BaseModel):
    """What a file of products changed, and the rows that it could not."""

    import_id: UUID | None = Field(description="Null when nothing was changed.")
    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    errors: list[RowError] = Field(description="By row; at most 1,000, all rows are counted.")
