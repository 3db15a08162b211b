"""What serving tells Prometheus, and the middleware that times every request."""

from __future__ import annotations

import time

from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_SECONDS = Histogram(
    "eco_serving_request_seconds",
    "Seconds from a request's arrival to the end of its answer.",
    ("route", "method", "status"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5),
)
FALLBACKS = Counter(
    "eco_serving_fallbacks_total", "Answers that a fallback gave.", ("family", "fallback")
)
DECISIONS = Counter(
    "eco_serving_decisions_total",
    "Decision events by outcome: delivered, failed, dropped (queue full) or invalid.",
    ("outcome",),
)
DECISIONS_WAITING = Gauge(
    "eco_serving_decisions_waiting", "Decisions that Kafka has not taken yet."
)
FEATURE_READS = Counter(
    "eco_serving_feature_reads_total", "Reads of the online store: ok or away.", ("outcome",)
)
ARTIFACT = Gauge(
    "eco_serving_artifact_info", "1 for the artifact in service.", ("family", "version")
)
REFUSALS = Counter("eco_serving_artifact_refusals_total", "Artifacts refused.", ("family",))

STARTED = "ecomarket.started"
"""Where the scope of a request keeps `time.perf_counter()` of its arrival."""
UNROUTED = "unrouted"
"""Label of paths that no route has; one label, so that a scan cannot make thousands."""


class TimingMiddleware:
    """Observe every request's time under its route's template, never its path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request through, timed."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = scope[STARTED] = time.perf_counter()
        status = 500

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting_status)
        finally:
            route = getattr(scope.get("route"), "path", UNROUTED)
            seconds = time.perf_counter() - started
            REQUEST_SECONDS.labels(route, scope["method"], str(status)).observe(seconds)
