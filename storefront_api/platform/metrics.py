"""What the storefront tells of itself."""

from __future__ import annotations

from functools import cache

from prometheus_client import Counter, Gauge, Histogram

LATENCY = Histogram(
    "ecomarket_http_request_seconds",
    "Time from a request's arrival to the end of its answer.",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
IN_FLIGHT = Gauge("ecomarket_http_requests_in_flight", "Requests that are being answered.")
POOL_SIZE = Gauge("ecomarket_database_connections", "Connections to PostgreSQL that are open.")
POOL_IDLE = Gauge("ecomarket_database_connections_idle", "Those of them that nobody uses.")
POOL_LIMIT = Gauge("ecomarket_database_connections_limit", "How many there may be.")
ORDERS = Counter("ecomarket_orders_total", "Orders placed.", ["channel", "risk"])
COLLECTED = Counter("ecomarket_collected_events_total", "Clickstream events.", ["outcome"])
SPOOLED = Gauge("ecomarket_collect_spool_bytes", "Clicks on disk since Kafka was away.")
DEGRADED = Counter("ecomarket_degraded_total", "Answers without the model endpoint.", ["what"])
SETTLED = Counter("ecomarket_payments_settled_total", "Payments and refunds.", ["outcome"])
RELAYED = Counter("ecomarket_relay_events_total", "Outbox rows published.")
BATCHES = Counter("ecomarket_relay_batches_total", "Kafka transactions committed.")
BACKLOG = Gauge("ecomarket_relay_backlog_rows", "Outbox rows not yet published.")
OLDEST = Gauge("ecomarket_relay_oldest_seconds", "Age of the oldest of them.")
LAG = Histogram(
    "ecomarket_relay_lag_seconds",
    "Time from an event's transaction until Kafka has it.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300),
)
FAILED = Counter(
    "ecomarket_worker_failures_total",
    "What the checkouts' worker passed over, by step and by class of error.",
    ["step", "error"],
)
PURGED = Counter("ecomarket_idempotency_keys_purged_total", "Idempotency keys that grew too old.")
LIMITED = Counter("ecomarket_rate_limited_total", "Requests refused by a rate limit.", ["limit"])
UNLIMITED = Counter(
    "ecomarket_rate_limits_away_total", "Requests let through since Valkey did not answer."
)
NOTIFIED = Counter(
    "ecomarket_notifications_total", "Attempts to send a message.", ["template", "outcome"]
)
UNSENT = Gauge(
    "ecomarket_notifications_unsent", "Messages that are due and neither sent nor given up."
)
UNSENT_OLDEST = Gauge("ecomarket_notifications_oldest_seconds", "How long the oldest is overdue.")


@cache
def latency_of(method: str, route: str, status: int) -> Histogram:
    """Return the part of `LATENCY` that has these labels; asking for it anew costs more each time.

    All three are of closed vocabularies, so that it does not grow.
    """
    return LATENCY.labels(method, route, str(status))
