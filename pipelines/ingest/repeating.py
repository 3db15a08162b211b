"""Reading a cut that somebody left pending again, exactly it."""

from __future__ import annotations

from pipelines.ingest.batch import Batch, Collector
from pipelines.ingest.contract import Contract
from pipelines.ingest.pending import Cut
from pipelines.ingest.reading import Span, kept, messages, reader
from pipelines.keys import Keys


def read_again(bootstrap_servers: str, contract: Contract, keys: Keys, cut: Cut) -> Batch:
    """Return what a cut takes of its topic, whoever has its partitions now.

    It keeps the bounds that it was given the first time, whatever of it is still in Kafka.

    Raises
    ------
    pipelines.keys.KeysAwayError
        If keys are needed, and the store's database is away.
    confluent_kafka.KafkaException
        If Kafka refuses, or is silent for too long.
    """
    collector = Collector(contract)
    consumer = reader(bootstrap_servers)
    try:
        there = kept(consumer, cut.topic)
        spans = {
            each.partition: Span(max(each.first, there[each.partition].first), each.last + 1)
            for each in cut.ranges
        }
        found = list(messages(consumer, cut.topic, spans))
    finally:
        consumer.close()
    collector.add(
        keys.values(found),
        [message.partition() or 0 for message in found],
        [message.offset() or 0 for message in found],
    )
    return Batch(cut, collector.rows, collector.dead)
