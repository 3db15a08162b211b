"""Where a page of orders ended, as an opaque text."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta
from uuid import UUID

from storefront_api.platform.errors import InvalidError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def write(placed_at: datetime, order_id: UUID) -> str:
    """Return the last order of a page as a text that a URL may hold."""
    microseconds = (placed_at - _EPOCH) // _MICROSECOND
    packed = microseconds.to_bytes(8, signed=True) + order_id.bytes
    return base64.urlsafe_b64encode(packed).decode()


def read(text: str) -> tuple[datetime, UUID] | None:
    """Return the order that a text stands for; None for the first page's empty one.

    Raises
    ------
    InvalidError
        If it stands for none.
    """
    if not text:
        return None
    try:
        packed = base64.b64decode(text, altchars=b"-_", validate=True)
        microseconds = int.from_bytes(packed[:8], signed=True)
        return _EPOCH + microseconds * _MICROSECOND, UUID(bytes=packed[8:])
    except (binascii.Error, ValueError, OverflowError) as error:
        raise InvalidError("is not one that a page gave", field="query.after") from error
