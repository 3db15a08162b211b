"""Where a page of hits ended, as an opaque text."""

from __future__ import annotations

import base64
import binascii

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from storefront_api.search.engine import CursorError, Sort


class Mark(BaseModel):
    """The last hit of a page.

    Parameters
    ----------
    key
        What it was ordered by: a rank, minor units, or microseconds since 1970.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    sort: Sort
    key: float
    product_id: str = Field(max_length=64, pattern=r"^[^\x00]*$")


def write(mark: Mark) -> str:
    """Return a mark as a text that a URL may hold."""
    return base64.urlsafe_b64encode(mark.model_dump_json().encode()).decode()


def read(text: str, sort: Sort) -> Mark:
    """Return the mark that a text stands for.

    Raises
    ------
    CursorError
        If it stands for none, or for one of another order.
    """
    try:
        mark = Mark.model_validate_json(base64.b64decode(text, altchars=b"-_", validate=True))
    except (binascii.Error, ValidationError, ValueError) as error:
        raise CursorError("the cursor is not one that a page gave") from error
    if mark.sort != sort:
        raise CursorError(f"the cursor is of a search sorted by {mark.sort}, not by {sort}")
    return mark
