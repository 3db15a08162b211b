"""Where a page of a list ends and the next one begins: the one way, for every list of the store.

A list is ordered by a key that no two of its items share, and a cursor holds the last item's key:
what comes or goes meanwhile neither repeats nor hides other items, and each page costs the same.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Query, Request
from itsdangerous import BadData, URLSafeSerializer

from storefront_api.platform.errors import InvalidError

MAX_LENGTH = 1_000
FIELD = "query.after"

After = Annotated[
    str,
    Query(max_length=MAX_LENGTH, description="A page's `next_cursor`; left out: the first page."),
]
"""The parameter by which a list is asked for its next page."""


class InvalidCursorError(InvalidError):
    """The cursor is not one that a page of this list gave, or has been changed."""

    code = "invalid_cursor"


class Cursors:
    """Writes and reads cursors. They are signed: what a page did not give is refused.

    Parameters
    ----------
    key
        Of the signature; with another key the cursors that are out become invalid.
    """

    def __init__(self, key: str) -> None:
        self._signed = URLSafeSerializer(key, salt="cursor/1")

    def write(self, listed: str, *last: str | int | float) -> str:
        """Return the cursor of a page.

        Parameters
        ----------
        listed
            Name of the list and its order. Change it along with the key's shape.
        last
            Key of the page's last item, of types that JSON knows.
        """
        return str(self._signed.dumps([listed, *last]))

    def read(self, listed: str, text: str) -> list[Any]:
        """Return the key that a cursor holds.

        Raises
        ------
        InvalidCursorError
            If no page of this list in this order gave it; the field is `query.after`.
        """
        try:
            stated: list[Any] = self._signed.loads(text)
        except BadData as error:
            raise InvalidCursorError("this is no page's `next_cursor`", field=FIELD) from error
        if stated[0] != listed:
            raise InvalidCursorError(f"it is of {stated[0]}, and not of {listed}", field=FIELD)
        return stated[1:]


def link(request: Request, next_cursor: str) -> None:
    """Say in the answer's `Link` header where the next page is; nothing after the last one."""
    if next_cursor:
        # By hand: a URL object takes longer to make than the page's SQL to be asked.
        asked: bytes = request.scope["query_string"]
        kept = [part for part in asked.split(b"&") if part and not part.startswith(b"after=")]
        query = b"&".join([*kept, b"after=" + next_cursor.encode()]).replace(b">", b"%3E")
        path = quote(request.scope["path"]).encode()
        request.state.headers.append((b"link", b'<%b?%b>; rel="next"' % (path, query)))
