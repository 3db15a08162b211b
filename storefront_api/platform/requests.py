"""What a changing request carries in its headers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Header
from fastapi import Request as HttpRequest
from pydantic import AwareDatetime, Field

from storefront_api.platform.auth import Known
from storefront_api.platform.errors import ForbiddenError
from storefront_api.platform.idempotency import Request

Instant = Annotated[
    AwareDatetime,
    Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC)),
]
"""A stated instant, within what every store of the platform can hold."""


async def _keyed(
    http: HttpRequest,
    caller: Known,
    idempotency_key: Annotated[
        str,
        Header(
            min_length=1, max_length=255, description="The same key places the same thing once."
        ),
    ],
) -> Request:
    body = http.url.path.encode() + b"\n" + await http.body()
    return Request(caller.name, idempotency_key, body)


async def _stated_at(
    http: HttpRequest,
    caller: Known,
    x_occurred_at: Annotated[
        Instant | None,
        Header(
            description="When it happened; for partners, where the replay clock is switched on."
        ),
    ] = None,
) -> datetime | None:
    if x_occurred_at is None:
        return None
    if not (caller.is_partner and http.app.state.services.settings.replay_clock):
        raise ForbiddenError("the time may not be stated here", field="header.X-Occurred-At")
    return x_occurred_at


Keyed = Annotated[Request, Depends(_keyed)]
"""The request under its idempotency key."""
StatedAt = Annotated[datetime | None, Depends(_stated_at)]
"""When a partner says that it happened; None for now."""
