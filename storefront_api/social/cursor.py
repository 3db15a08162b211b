"""Where a page of reviews ended, as an opaque text."""

from __future__ import annotations

import base64
import binascii
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from storefront_api.platform.errors import InvalidError


class Sort(StrEnum):
    """An order of reviews."""

    NEWEST = "newest"
    HELPFUL = "helpful"
    HIGHEST = "highest"
    LOWEST = "lowest"


class Mark(BaseModel):
    """The last review of a page.

    Parameters
    ----------
    key
        What it was ordered by: microseconds since 1970, votes, or stars.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sort: Sort
    key: int = Field(ge=0, le=2**53)
    review_id: UUID


def write(mark: Mark) -> str:
    """Return a mark as a text that a URL may hold."""
    return base64.urlsafe_b64encode(mark.model_dump_json().encode()).decode()


def read(text: str, sort: Sort) -> Mark | None:
    """Return the mark that a text stands for; None for the empty text, which begins.

    Raises
    ------
    InvalidError
        If it stands for none, or for one of another order.
    """
    if not text:
        return None
    try:
        mark = Mark.model_validate_json(base64.b64decode(text, altchars=b"-_", validate=True))
    except (binascii.Error, ValidationError, ValueError):
        raise InvalidError("is not a cursor that a page gave", field="query.after") from None
    if mark.sort is not sort:
        raise InvalidError(f"is of a list sorted by {mark.sort}", field="query.after")
    return mark
