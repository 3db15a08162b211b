"""What the stream consumer tells Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

EVENTS = Counter(
    "eco_stream_events_total",
    "Events read, by topic and outcome: written, ignored or poison.",
    ("topic", "outcome"),
)
LAG = Gauge("eco_stream_lag_messages", "Messages not yet read.", ("topic", "partition"))
WRITE_SECONDS = Histogram(
    "eco_stream_write_seconds",
    "Seconds that one batch took to write.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
DELAY_SECONDS = Histogram(
    "eco_stream_delay_seconds",
    "Seconds from a batch's newest message being in Kafka to its being in the online store.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 60),
)
REWINDS = Counter("eco_stream_rewinds_total", "Times the store itself said where to read on from.")
KAFKA_ERRORS = Counter(
    "eco_stream_kafka_errors_total", "Errors that Kafka reported, by code.", ("code",)
)
