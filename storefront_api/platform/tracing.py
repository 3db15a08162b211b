"""The trace that a request belongs to, by W3C's traceparent header."""

from __future__ import annotations

import re
from typing import Annotated
from uuid import uuid4

from fastapi import Depends, Request
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


class Trace:
    """Middleware that gives every request a trace id, and every log line of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with the caller's trace id, or a new one."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        header = next((value for name, value in scope["headers"] if name == b"traceparent"), b"")
        match = _TRACEPARENT.fullmatch(header)
        trace_id = match[1].decode() if match else uuid4().hex
        scope.setdefault("state", {})["trace_id"] = trace_id
        with bound_contextvars(trace_id=trace_id):
            await self._app(scope, receive, send)


async def _trace_id(request: Request) -> str:
    return str(request.state.trace_id)


TraceId = Annotated[str, Depends(_trace_id)]
"""Trace id of the request: the caller's, or a new one."""
