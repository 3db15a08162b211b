"""The names under which pages send clicks. They are public: they tell sites apart, not people."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from storefront_api.platform.errors import UnauthenticatedError
from storefront_api.platform.limits import Limit


class KeyLimit(Limit):
    """Of the beacons' route: each key has a bucket."""

    async def __call__(
        self,
        request: Request,
        key: Annotated[str, Query(max_length=64, description="One of `COLLECT_KEYS`.")],
    ) -> str:
        """Take a token, and return the key.

        Raises
        ------
        UnauthenticatedError
            If it is none of the store's.
        RateLimitedError
            If there is no token.
        """
        if key not in request.app.state.services.settings.collect_keys.split(",") or not key:
            raise UnauthenticatedError("no site sends clicks under this key", field="query.key")
        await self._take(request, key)
        return key


SiteKey = Annotated[str, Depends(KeyLimit("beacons"))]
