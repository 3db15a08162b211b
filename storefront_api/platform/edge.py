"""What every request meets first and every answer last: ids, time, the log line, and the headers.

One middleware and not one for each, since each costs every request a call for every message.
"""

from __future__ import annotations

import asyncio
import os
import re
import time

import structlog
from opentelemetry.trace import StatusCode
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from storefront_api.platform import logs, metrics, tracing
from storefront_api.platform.deadlines import Deadlines
from storefront_api.platform.errors import (
    REQUEST_ID,
    InternalError,
    StoreError,
    TimedOutError,
    answer,
)

log = structlog.get_logger()

_REQUEST_ID = re.compile(r"[A-Za-z0-9._~-]{8,128}")
"""A request id that is taken over: it goes into logs, headers and problems, as a part of a URI."""
_KNOWN = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods that are told apart in metrics; a caller may make up any number of others."""
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_NOT_KEPT = (b"cache-control", b"no-store")


class Edge:
    """Middleware around everything else.

    Parameters
    ----------
    timeout_s
        After this long without the beginning of an answer a request is given up. How long the
        answer may take then is its own: one that tells what happens goes on for hours.
    """

    def __init__(self, app: ASGIApp, timeout_s: float) -> None:
        self._app = app
        self._deadlines = Deadlines(timeout_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = _Told(scope["headers"])
        with tracing.of_request(told.traceparent) as span:
            trace_id = tracing.trace_id()
            state = scope.setdefault("state", {})
            state.update(trace_id=trace_id, headers=[])
            token = REQUEST_ID.set(told.request_id)
            passing = _Passing(scope, send, told, self._deadlines)
            metrics.IN_FLIGHT.inc()
            try:
                await self._pass(scope, receive, passing)
            finally:
                metrics.IN_FLIGHT.dec()
                REQUEST_ID.reset(token)
                passing.tell(trace_id)
                if span.is_recording():
                    span.update_name(f"{passing.method} {passing.route}")
                    span.set_attribute("http.request.method", passing.method)
                    span.set_attribute("http.route", passing.route)
                    span.set_attribute("http.response.status_code", passing.status)
                    if passing.status >= 500:
                        span.set_status(StatusCode.ERROR)

    async def _pass(self, scope: Scope, receive: Receive, passing: _Passing) -> None:
        problem: StoreError
        try:
            await self._app(scope, receive, passing)
        except asyncio.CancelledError:
            if not passing.deadline.gave_up():
                raise
            problem = TimedOutError(f"there is no answer after {self._deadlines.after_s:g} s")
        except Exception as error:  # noqa: BLE001
            problem = _failure(error)
        else:
            return
        finally:
            # The limit is over with what it bounded: what is answered instead has none.
            self._deadlines.lift(passing.deadline)
        if not passing.begun:
            await answer(problem)(scope, receive, passing)


def _failure(error: Exception) -> InternalError:
    logs.failure(log, error)
    return InternalError("the store has failed; it is logged under the request's id")


class _Told:
    """What a request's headers say that concerns the edge."""

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        self.traceparent = ""
        self.has_credential = False
        self.request_id = ""
        for name, value in headers:
            if name == b"traceparent":
                self.traceparent = value.decode("latin-1")
            elif name == b"authorization":
                self.has_credential = True
            elif name == b"x-request-id":
                stated = value.decode("latin-1")
                self.request_id = stated if _REQUEST_ID.fullmatch(stated) else ""
        self.request_id = self.request_id or os.urandom(16).hex()


class _Passing:
    """The `send` of one request: adds headers to the answer's beginning and remembers it."""

    def __init__(self, scope: Scope, send: Send, told: _Told, deadlines: Deadlines) -> None:
        self._scope = scope
        self._send = send
        self._told = told
        self._deadlines = deadlines
        self.deadline = deadlines.begin()
        self._started = time.perf_counter()
        self.begun = False
        self.status = 500

    @property
    def method(self) -> str:
        """The method, or `OTHER`."""
        method: str = self._scope["method"]
        return method if method in _KNOWN else "OTHER"

    @property
    def route(self) -> str:
        """The template of the path, or `unknown`."""
        route = getattr(self._scope.get("route"), "path", "unknown")
        return str(route)

    async def __call__(self, message: Message) -> None:
        """Send one message of the answer."""
        if message["type"] == "http.response.start":
            self.begun = True
            self._deadlines.lift(self.deadline)
            self.status = message["status"]
            own = message["headers"]
            added = [
                (b"x-request-id", self._told.request_id.encode()),
                _NO_SNIFFING,
                *self._scope["state"]["headers"],
            ]
            if self._told.has_credential and not any(name == b"cache-control" for name, _ in own):
                added.append(_NOT_KEPT)
            message["headers"] = [*own, *added]
        await self._send(message)

    def tell(self, trace_id: str) -> None:
        """Observe the request and log it, by its template: paths hold ids and what was typed."""
        elapsed = time.perf_counter() - self._started
        method, route = self.method, self.route
        metrics.latency_of(method, route, self.status).observe(elapsed)
        logs.request_line(
            method=method,
            route=route,
            status=self.status,
            ms=round(elapsed * 1000, 1),
            request_id=self._told.request_id,
            trace_id=trace_id,
            role=self._scope["state"].get("role", ""),
        )
