"""What the sink tells of itself."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

ROWS = Counter("ecomarket_sink_rows_total", "Events inserted.", ["topic"])
BATCHES = Counter("ecomarket_sink_batches_total", "Cuts inserted.", ["topic"])
DEAD = Counter("ecomarket_sink_dead_letters_total", "Messages refused.", ["topic"])
REPEATED = Counter("ecomarket_sink_repeated_cuts_total", "Pending cuts inserted again.")
INSERT_SECONDS = Histogram(
    "ecomarket_sink_insert_seconds",
    "Time of one insert, waiting for the warehouse included.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
)
FRESHNESS_SECONDS = Histogram(
    "ecomarket_sink_freshness_seconds",
    "Time from the arrival of a cut's oldest event at the store until it is in the warehouse.",
    ["topic"],
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300, 3600),
)
LAG = Gauge("ecomarket_sink_lag_messages", "Messages not yet inserted.", ["topic", "partition"])
LAST_INSERT = Gauge("ecomarket_sink_last_insert_timestamp_seconds", "When a cut last went in.")
PENDING = Gauge("ecomarket_sink_pending_cuts", "Cuts recorded and not yet inserted.")
