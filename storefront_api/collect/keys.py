"""The names under which pages send clicks. They are public: they tell sites apart, not people."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Query, Request
from starlette.types import Scope

from storefront_api.platform.errors import InvalidError, UnauthenticatedError
from storefront_api.platform.limits import Limit

MAX_LENGTH = 64


class KeyLimit(Limit):
    """Of the beacons' route: each key has a bucket."""

    async def __call__(
        self,
        request: Request,
        key: Annotated[str, Query(max_length=MAX_LENGTH, description="One of `COLLECT_KEYS`.")],
    ) -> None:
        """Take a token, or refuse."""
        await self.bind(request.scope, key)

    async def bind(self, scope: Scope, key: str) -> None:
        """Do the same for a request that is not the framework's.

        Raises
        ------
        UnauthenticatedError
            If the key is none of the store's.
        RateLimitedError
            If there is no token.
        """
        if key not in scope["app"].state.services.settings.collect_keys.split(",") or not key:
            raise UnauthenticatedError("no site sends clicks under this key", field="query.key")
        await self.take(scope, key)


KEYED = KeyLimit("beacons")


def key_of(scope: Scope) -> str:
    """Return the key that a query names.

    Raises
    ------
    InvalidError
        If it names none, or what cannot be one; in the words that the framework has for it.
    """
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    key: str | None = dict(query).get("key")
    if key is None:
        raise _invalid("Field required")
    if len(key) > MAX_LENGTH:
        raise _invalid(f"String should have at most {MAX_LENGTH} characters")
    return key


def _invalid(message: str) -> InvalidError:
    field = "query.key"
    return InvalidError(message, field=field, details=[{"field": field, "message": message}])
