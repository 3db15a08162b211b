"""How large a request may be, decided before any of it is read."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from storefront_api.platform.errors import LengthRequiredError, StoreError, TooLargeError, answer

MAX_BYTES = 16 * 2**20


class LimitBodies:
    """Middleware that refuses requests whose stated length is over the limit of their path.

    Parameters
    ----------
    limits
        Bytes by path, where it is not `MAX_BYTES`.
    """

    def __init__(self, app: ASGIApp, limits: Mapping[str, int]) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        error = self._check(scope) if scope["type"] == "http" else None
        if error is None:
            await self._app(scope, receive, send)
        else:
            await answer(error)(scope, receive, send)

    def _check(self, scope: Scope) -> StoreError | None:
        headers = dict(scope["headers"])
        if b"transfer-encoding" in headers:
            return LengthRequiredError("a body states its length", field="header.Content-Length")
        limit = self._limits.get(scope["path"], MAX_BYTES)
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > limit:
            return TooLargeError(f"has at most {limit} bytes here", field="body")
        return None
