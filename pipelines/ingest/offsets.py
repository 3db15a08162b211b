"""Reading and committing the group's offsets, with each way that Kafka may refuse."""

from __future__ import annotations

from collections.abc import Sequence

import stamina
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from pipelines.ingest.pending import Cut, pending_cut

KAFKA_TIMEOUT_S = 30.0
LONGEST_OUTAGE_S = 120.0
"""A broker that is away for longer ends the process; its supervisor starts it again."""
_NOT_OURS = frozenset(
    {
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError._ASSIGNMENT_LOST,
    }
)
_PASSING = frozenset(
    {
        KafkaError._TRANSPORT,
        KafkaError._TIMED_OUT,
        KafkaError._WAIT_COORD,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_COORDINATOR,
        KafkaError.UNSTABLE_OFFSET_COMMIT,
    }
)


class NotOursError(RuntimeError):
    """The partitions were given to another member: what was fetched of them is its work now."""


def passes(error: Exception) -> bool:
    """Tell whether an error of Kafka's passes by itself."""
    return isinstance(error, KafkaException) and error.args[0].code() in _PASSING


_patiently = stamina.retry(on=passes, attempts=None, timeout=LONGEST_OUTAGE_S, wait_max=2.0)


@_patiently
def commit(consumer: Consumer, offsets: list[TopicPartition]) -> None:
    """Commit and wait for the answer; the same commit twice is the same.

    Raises
    ------
    NotOursError
        If the group has moved on without this member.
    confluent_kafka.KafkaException
        If Kafka refuses for another reason, or is away for longer than `LONGEST_OUTAGE_S`.
    """
    try:
        _raise_any(consumer.commit(offsets=offsets, asynchronous=False))
    except KafkaException as error:
        if error.args[0].code() in _NOT_OURS:
            raise NotOursError(str(error.args[0])) from error
        raise


@_patiently
def pending(
    consumer: Consumer, partitions: list[TopicPartition]
) -> dict[tuple[str, int], Cut | None]:
    """Return for each partition the cut that must be inserted before it goes on, if one is pending.

    Raises
    ------
    confluent_kafka.KafkaException
        If the committed offset of one of them cannot be read; going on without it could double.
    PendingError
        If it was committed by something else than this sink.
    """
    committed = consumer.committed(partitions, timeout=KAFKA_TIMEOUT_S)
    _raise_any(committed)
    return {(at.topic, at.partition): pending_cut(at) for at in committed}


def _raise_any(answers: Sequence[TopicPartition] | None) -> None:
    for answer in answers or ():
        if answer.error is not None:
            raise KafkaException(answer.error)
