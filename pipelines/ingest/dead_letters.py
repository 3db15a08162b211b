"""Keeping what cannot be accepted, and stopping when that is too much."""

from __future__ import annotations

from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from storefront_api.events import DEAD_LETTERS
from storefront_api.events.dead_letters import DeadLetter

WINDOW = 10_000
"""Messages over which the share of dead letters is judged."""
MAX_SHARE = 0.05
MIN_COUNT = 100
"""Fewer dead letters than this never stop the sink, whatever their share."""
DELIVERY_TIMEOUT_S = 60.0


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
    """Publishes refused messages with where they came from and why."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer

    def publish(self, letters: Sequence[DeadLetter]) -> None:
        """Publish and wait for every acknowledgement.

        A range that is replayed publishes its letters again, with the same key.

        Raises
        ------
        confluent_kafka.KafkaException
            If one is not acknowledged in time.
        """
        errors: list[KafkaError] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                errors.append(error)

        for letter in letters:
            self._producer.produce(
                DEAD_LETTERS,
                key=letter.key,
                value=letter.payload,
                headers=letter.headers,
                on_delivery=delivered,
            )
        left = self._producer.flush(DELIVERY_TIMEOUT_S)
        if errors or left:
            raise KafkaException(errors[0] if errors else KafkaError(KafkaError._MSG_TIMED_OUT))
