"""Keeping what cannot be accepted, and stopping when that is too much."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import stamina
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from pipelines.keys import Keys, KeysAwayError
from storefront_api.events import DEAD_LETTERS
from storefront_api.events.dead_letters import DeadLetter
from storefront_api.events.sealing import split_letter
from storefront_api.events.subject_keys import Headers

WINDOW = 10_000
"""Messages over which the share of dead letters is judged."""
MAX_SHARE = 0.05
MIN_COUNT = 100
"""Fewer dead letters than this never stop the sink, whatever their share."""
DELIVERY_TIMEOUT_S = 60.0
LONGEST_WAIT_S = 5.0
"""Between two tries to get keys."""


class TooManyDeadLettersError(RuntimeError):
    """So much is refused that the fault is likelier in the code than in the messages."""


class DeadLetterLimit:
    """Stops the sink before it drains a topic into the dead letters."""

    def __init__(self) -> None:
        self._seen = 0
        self._dead = 0

    def count(self, seen: int, dead: Sequence[DeadLetter]) -> None:
        """Count a batch.

        Raises
        ------
        TooManyDeadLettersError
            If more than `MAX_SHARE` of about the last `WINDOW` messages were refused.
        """
        if self._seen > WINDOW:
            self._seen, self._dead = self._seen // 2, self._dead // 2
        self._seen += seen
        self._dead += len(dead)
        if self._dead >= MIN_COUNT and self._dead > MAX_SHARE * self._seen:
            raise TooManyDeadLettersError(
                f"{self._dead} of the last {self._seen} messages were refused, the latest of "
                f"{dead[-1].topic if dead else 'an earlier batch'} for "
                f"{dead[-1].reason if dead else 'reasons in raw.dead_letters'!r}; "
                "nothing more is consumed until the cause is mended"
            )


class DeadLetterTopic:
    """Publishes refused messages, sealed, with where they came from and why.

    Parameters
    ----------
    bootstrap_servers
        The Kafka cluster.
    keys
        Seal them; used by the thread that publishes and by no other.
    """

    def __init__(self, bootstrap_servers: str, keys: Keys) -> None:
        self._producer = Producer(
            {"bootstrap.servers": bootstrap_servers, "enable.idempotence": True},
            logger=logging.getLogger("librdkafka"),
        )
        self._keys = keys

    def publish(self, letters: Sequence[DeadLetter]) -> None:
        """Publish and wait for every acknowledgement, and before for keys that are away.

        A cut that is repeated publishes its letters again, with the same key.

        Raises
        ------
        confluent_kafka.KafkaException
            If one is not acknowledged in time.
        """
        errors: list[KafkaError] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                errors.append(error)

        for letter, (value, headers) in zip(letters, self._sealed(letters), strict=True):
            self._producer.produce(
                DEAD_LETTERS,
                key=letter.key,
                value=value,
                headers=[*letter.headers, *headers],
                on_delivery=delivered,
            )
        left = self._producer.flush(DELIVERY_TIMEOUT_S)
        if errors or left:
            raise KafkaException(errors[0] if errors else KafkaError(KafkaError._MSG_TIMED_OUT))

    def _sealed(self, letters: Sequence[DeadLetter]) -> list[tuple[bytes, Headers]]:
        plain: list[tuple[bytes, Headers]] = [(letter.payload, []) for letter in letters]
        found = [split_letter(letter.topic, letter.payload) for letter in letters]
        personal = {index: split for index, split in enumerate(found) if split is not None}
        for attempt in stamina.retry_context(
            on=KeysAwayError, attempts=None, timeout=None, wait_max=LONGEST_WAIT_S
        ):
            with attempt:
                opening = self._keys.headers(list(personal.values()))
        for (index, split), headers in zip(personal.items(), opening, strict=True):
            plain[index] = (split.value, headers)
        return plain
