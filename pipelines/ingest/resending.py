"""Sending dead letters to their topics again, each once.

The message and the record that it was sent are one Kafka transaction: both are there or neither.
All who resend share one transactional id, so that beginning shuts out whoever began before: two
at once cannot both find a letter unsent.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from clickhouse_connect.driver.client import Client
from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
)

from pipelines.ingest.contract import Contract, Refusal
from pipelines.ingest.letters import Letter, Resent, resent
from pipelines.ingest.reading import Span, kept, messages, reader
from pipelines.keys import Keys
from storefront_api.events import RESENT_LETTERS, Topic
from storefront_api.events.sealing import SPLITTERS
from storefront_api.events.subject_keys import Headers

TRANSACTIONAL_ID = "dead-letter-resending"
TIMEOUT_S = 60.0
Arrived = Callable[[Topic, UUID], bool]
"""Tells whether an event is in the warehouse."""


class StillRefusedError(ValueError):
    """The payload would become a dead letter again."""


class AlreadyResentError(ValueError):
    """The letter was sent to its topic before."""


class AlreadyThereError(ValueError):
    """The event is in the warehouse; whoever made it has sent it again in the meantime."""


class ShutOutError(RuntimeError):
    """Another resending began while this one was at work; nothing of the letter was sent."""


class Resender:
    """Sends letters to their topics; made by `resending`.

    Parameters
    ----------
    producer
        Holds the transactional id.
    consumer
        Reads where letters came from.
    done
        Records of what was sent before.
    arrived
        Asks the warehouse.
    keys
        Seal what is sent.
    """

    def __init__(
        self,
        producer: Producer,
        consumer: Consumer,
        done: Mapping[str, Resent],
        arrived: Arrived,
        keys: Keys,
    ) -> None:
        self._producer = producer
        self._consumer = consumer
        self._done = dict(done)
        self._arrived = arrived
        self._keys = keys

    def resend(self, letter: Letter, payload: bytes | None = None) -> Resent:
        """Send one letter, to the partition that it was refused in, and record it.

        Parameters
        ----------
        letter
            What to send.
        payload
            Its repaired value; the letter's own if it is left out, which is of use once the
            contract, or an upcaster, accepts it.

        Raises
        ------
        AlreadyResentError
            If that was done before; nothing is sent.
        StillRefusedError
            If the contract refuses the payload; nothing is sent.
        AlreadyThereError
            If the warehouse has the event by another way; nothing is sent.
        ShutOutError
            If somebody else began to resend.
        confluent_kafka.KafkaException
            If Kafka refuses; nothing is sent.
        """
        before = self._done.get(letter.id)
        if before is not None:
            raise AlreadyResentError(
                f"id: {letter.id} was sent again at {before.resent_at:%Y-%m-%dT%H:%M:%SZ} as "
                f"{before.topic}/{before.partition}/{before.offset}; a letter is sent once"
            )
        value = letter.payload if payload is None else payload
        outcome = Contract(Topic(letter.topic)).check(value)
        if isinstance(outcome, Refusal):
            raise StillRefusedError(f"{letter.id}: still refused, {outcome.reason}")
        if self._arrived(Topic(letter.topic), UUID(outcome.id)):
            raise AlreadyThereError(
                f"{letter.id}: event {outcome.id} is in the warehouse already, by another way"
            )
        record = self._send(letter, value)
        self._done[letter.id] = record
        return record

    def _send(self, letter: Letter, value: bytes) -> Resent:
        key = self._key_of(letter)
        sent, headers = self._sealed(Topic(letter.topic), value)
        with _shut_out_is_told():
            self._producer.begin_transaction()
            try:
                offset = self._produce(letter.topic, key, sent, letter.partition, headers)
                record = Resent(
                    letter=letter.id,
                    topic=letter.topic,
                    partition=letter.partition,
                    offset=offset,
                    payload_sha256=hashlib.sha256(value).hexdigest(),
                    edited=value != letter.payload,
                    resent_at=datetime.now(UTC),
                )
                self._produce(RESENT_LETTERS, letter.id.encode(), msgspec.json.encode(record))
            except KafkaException as error:
                if not error.args[0].fatal():
                    self._producer.abort_transaction(TIMEOUT_S)
                raise
            self._producer.commit_transaction(TIMEOUT_S)
        return record

    def _sealed(self, topic: Topic, value: bytes) -> tuple[bytes, Headers]:
        found = SPLITTERS[topic].split(value)
        if found is None:
            return value, []
        (headers,) = self._keys.headers([found])
        return found.value, headers

    def _produce(
        self,
        topic: str,
        key: bytes | None,
        value: bytes,
        partition: int = 0,
        headers: Headers | None = None,
    ) -> int:
        offsets: list[int] = []
        errors: list[KafkaError] = []

        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                errors.append(error)
            else:
                offsets.append(message.offset() or 0)

        self._producer.produce(
            topic,
            value=value,
            key=key,
            partition=partition,
            headers=headers or [],
            on_delivery=delivered,
        )
        try:
            self._producer.flush(TIMEOUT_S)
        except SystemError as error:
            # The client sets a fatal error and calls the delivery report nevertheless.
            if isinstance(error.__cause__, KafkaException):
                raise error.__cause__ from None
            raise
        if not offsets:
            raise KafkaException(errors[0] if errors else KafkaError(KafkaError._MSG_TIMED_OUT))
        return offsets[0]

    def _key_of(self, letter: Letter) -> bytes | None:
        """Return the refused message's key, which its letter does not have; None if it is gone."""
        there = kept(self._consumer, letter.topic).get(letter.partition)
        if there is None or not there.first <= letter.offset < there.end:
            return None
        span = {letter.partition: Span(letter.offset, letter.offset + 1)}
        for message in messages(self._consumer, letter.topic, span):
            key = message.key()
            return key.encode() if isinstance(key, str) else key
        return None


def in_warehouse(client: Client) -> Arrived:
    """Return what looks for an event in its raw table."""

    def arrived(topic: Topic, event_id: UUID) -> bool:
        query = f"SELECT count() FROM raw.{topic.module} WHERE event_id = {{id:UUID}}"
        return bool(client.query(query, parameters={"id": event_id}).result_rows[0][0])

    return arrived


@contextmanager
def resending(bootstrap_servers: str, arrived: Arrived, keys: Keys) -> Iterator[Resender]:
    """Begin to resend, and end what another process may be about to send.

    Raises
    ------
    confluent_kafka.KafkaException
        If Kafka is away.
    """
    producer = Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "transactional.id": TRANSACTIONAL_ID,
            "transaction.timeout.ms": int(TIMEOUT_S * 1000),
        },
        logger=logging.getLogger("librdkafka"),
    )
    producer.init_transactions(TIMEOUT_S)
    consumer = reader(bootstrap_servers)
    try:
        # Read after whoever came before was shut out: its records are all there now.
        yield Resender(producer, consumer, resent(consumer), arrived, keys)
    finally:
        consumer.close()


@contextmanager
def _shut_out_is_told() -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        if error.args[0].code() in {KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH}:
            raise ShutOutError(
                "another `dlq retry` began; ask `dlq list` what it sent, and try again"
            ) from error
        raise
