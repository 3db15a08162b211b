"""What lies in the dead-letter topic, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from confluent_kafka import Consumer, Message

from pipelines.ingest.reading import kept, messages
from pipelines.keys import Keys
from storefront_api.events import DEAD_LETTERS, RESENT_LETTERS
from storefront_api.events.sealing import HEADER


class UnknownLetterError(ValueError):
    """No dead letter has that id."""


class Resent(msgspec.Struct, frozen=True):
    """The record that a letter was sent to its topic again.

    Parameters
    ----------
    letter
        Id of the letter.
    topic, partition, offset
        Where the message stands that it was sent as.
    payload_sha256
        Of the payload that was sent.
    edited
        Whether that differs from the letter's.
    resent_at
        When, in UTC.
    """

    letter: str
    topic: str
    partition: int
    offset: int
    payload_sha256: str
    edited: bool
    resent_at: datetime


@dataclass(frozen=True)
class Letter:
    """A refused message.

    Parameters
    ----------
    id
        ``topic/partition/offset`` of the message that was refused.
    topic, partition, offset
        The same in parts.
    reason
        The field and the rule that it breaks.
    schema_version
        Version that the message claims; 0 if none.
    failed_at
        When it was put aside, in UTC.
    payload
        The message's value, byte for byte.
    """

    id: str
    topic: str
    partition: int
    offset: int
    reason: str
    schema_version: int
    failed_at: datetime
    payload: bytes

    @property
    def text(self) -> str:
        """The payload as text, bytes that are none escaped."""
        return self.payload.decode("utf-8", errors="backslashreplace")


def letters(consumer: Consumer, keys: Keys) -> dict[str, Letter]:
    """Return the dead letters by id, oldest first; one that was published twice is there once.

    Of somebody who was erased, the payload is what event it claimed to be.

    Parameters
    ----------
    keys
        Open the payloads.

    Raises
    ------
    pipelines.keys.KeysAwayError
        If keys are needed, and the store's database is away.
    pipelines.ingest.reading.UnknownTopicError
        If there is no dead-letter topic.
    confluent_kafka.KafkaException
        If Kafka is away.
    """
    found: dict[str, Letter] = {}
    read = list(_all(consumer, DEAD_LETTERS))
    for message, value in zip(read, keys.values(read), strict=True):
        letter = _letter(message, value or b"")
        found.setdefault(letter.id, letter)
    return found


def resent(consumer: Consumer) -> dict[str, Resent]:
    """Return the records of resending by the letters' ids.

    Raises
    ------
    pipelines.ingest.reading.UnknownTopicError
        If their topic does not exist.
    confluent_kafka.KafkaException
        If Kafka is away.
    """
    decoder = msgspec.json.Decoder(Resent)
    records = (decoder.decode(message.value() or b"") for message in _all(consumer, RESENT_LETTERS))
    return {record.letter: record for record in records}


def letter_named(found: dict[str, Letter], id_: str) -> Letter:
    """Return one letter.

    Raises
    ------
    UnknownLetterError
        If there is none of that id.
    """
    try:
        return found[id_]
    except KeyError:
        raise UnknownLetterError(
            f"id: no dead letter {id_!r}; an id is topic/partition/offset, as `dlq list` shows it"
        ) from None


def _all(consumer: Consumer, topic: str) -> Iterator[Message]:
    return messages(consumer, topic, kept(consumer, topic))


def _letter(message: Message, payload: bytes) -> Letter:
    headers = {
        name: json.loads(value)
        for name, value in dict(message.headers() or []).items()
        if value and name != HEADER
    }
    return Letter(
        id=(message.key() or b"").decode(),
        topic=str(headers["topic"]),
        partition=int(headers["partition"]),
        offset=int(headers["offset"]),
        reason=str(headers["reason"]),
        schema_version=int(headers["schema_version"]),
        failed_at=datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC),
        payload=payload,
    )
