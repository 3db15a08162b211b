"""What the storefront tells of itself."""

from __future__ import annotations

import time

import structlog
from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()

LATENCY = Histogram(
    "ecomarket_http_request_seconds",
    "Time from a request's arrival to the end of its answer.",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5),
)
ORDERS = Counter("ecomarket_orders_total", "Orders placed.", ["channel", "risk"])
COLLECTED = Counter("ecomarket_collected_events_total", "Clickstream events.", ["outcome"])
DEGRADED = Counter("ecomarket_degraded_total", "Answers without the model endpoint.", ["what"])
SETTLED = Counter("ecomarket_payments_settled_total", "Payments and refunds.", ["outcome"])
RELAYED = Counter("ecomarket_relay_events_total", "Outbox rows published.")
BATCHES = Counter("ecomarket_relay_batches_total", "Kafka transactions committed.")
BACKLOG = Gauge("ecomarket_relay_backlog_rows", "Outbox rows not yet published.")
OLDEST = Gauge("ecomarket_relay_oldest_seconds", "Age of the oldest of them.")

NOTIFIED = Counter(
    "ecomarket_notifications_total", "Attempts to send a message.", ["template", "outcome"]
)
UNSENT = Gauge(
    "ecomarket_notifications_unsent", "Messages that are due and neither sent nor given up."
)
UNSENT_OLDEST = Gauge("ecomarket_notifications_oldest_seconds", "How long the oldest is overdue.")


class Measure:
    """Middleware that times every request by its route's template, and logs the refused ones."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Time one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            route = getattr(scope.get("route"), "path", "unknown")
            elapsed = time.perf_counter() - started
            LATENCY.labels(scope["method"], route, str(status)).observe(elapsed)
            if status >= 400:
                method, milliseconds = scope["method"], round(elapsed * 1000, 1)
                log.info("refused", method=method, route=route, status=status, ms=milliseconds)
