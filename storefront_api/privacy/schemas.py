"""What the privacy module answers with."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field


class ErasureOut(BaseModel):
    """The receipt of an erasure in the store; the other stores follow its event."""

    erasure_id: UUID
    subject: str = Field(description="The pseudonym, which leads to nobody any more.")
    erased_at: datetime
    rows: dict[str, int] = Field(
        description="Rows that were deleted or blanked, by table.",
        examples=[{"accounts": 1, "orders": 3, "reviews": 1}],
    )

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return the receipt that a row holds."""
        return cls(**dict(row))
