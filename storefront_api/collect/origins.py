"""Which other origins' pages may use the collector: CORS, for its paths alone."""

from __future__ import annotations

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

PATHS = ("/collect", "/tracker.js")
PREFLIGHT_S = 86_400


class Origins:
    """Middleware that answers preflights of the collector and names who may read its answers.

    Parameters
    ----------
    allowed
        Origins, parted by commas; `*` for all, empty for none but the store's own.
    """

    def __init__(self, app: ASGIApp, allowed: str) -> None:
        self._app = app
        self._shared = CORSMiddleware(
            app,
            allow_origins=[origin for origin in allowed.split(",") if origin],
            allow_methods=["POST", "GET"],
            allow_headers=["Authorization", "Content-Type", "Traceparent"],
            expose_headers=["Retry-After"],
            max_age=PREFLIGHT_S,
        )
        self._closed = not allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, by way of CORS where it is the collector's."""
        if self._closed or scope["type"] != "http" or not scope["path"].startswith(PATHS):
            await self._app(scope, receive, send)
        else:
            await self._shared(scope, receive, send)
