"""What the sink's metrics are told of its work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from confluent_kafka import Consumer, TopicPartition

from pipelines.ingest import metrics
from pipelines.ingest.batch import Batch

Place = tuple[str, int]
"""Topic and partition."""


def inserted(batch: Batch) -> None:
    """Tell of a batch that is in the warehouse."""
    topic = batch.cut.topic
    metrics.ROWS.labels(topic).inc(batch.events)
    metrics.BATCHES.labels(topic).inc()
    metrics.DEAD.labels(topic).inc(len(batch.dead))
    metrics.LAST_INSERT.set_to_current_time()
    if batch.oldest is not None:
        age = datetime.now(UTC) - batch.oldest
        metrics.FRESHNESS_SECONDS.labels(topic).observe(age.total_seconds())


def lag(consumer: Consumer, places: Iterable[Place], first: Mapping[Place, int]) -> None:
    """Tell how much is left of each partition.

    Parameters
    ----------
    first
        The first offset that was read and is not in the warehouse, where there is such.
    """
    for topic, partition in places:
        where = TopicPartition(topic, partition)
        _, high = consumer.get_watermark_offsets(where, cached=True)
        offset = first.get((topic, partition))
        if offset is None:
            (position,) = consumer.position([where])
            offset = position.offset if position.offset >= 0 else high
        metrics.LAG.labels(topic, str(partition)).set(max(0, high - offset))
