"""Clicks into Kafka, or onto the disk while it is away: kept before the answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from threading import Event as Flag
from threading import Thread

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from opentelemetry.trace import SpanKind, get_current_span

from storefront_api.events import DEAD_LETTERS, Topic
from storefront_api.platform import tracing
from storefront_api.platform.spool import Outgoing, Spool

DELIVERY_TIMEOUT_S = 5.0
"""Kafka is taken to be away when it has not acknowledged for so long."""
PAUSE_S = 0.5
"""Between two tries to empty the spool."""


class ClickProducer:
    """An idempotent producer with a thread that serves its acknowledgements, and a spool.

    What Kafka does not take goes to the spool, and so does all that comes until that is empty: so
    it is sent in its order. A message of which nobody knows whether Kafka had it when it went
    away is sent again: each arrives at least once, with the id that it had.

    Parameters
    ----------
    bootstrap_servers
        The Kafka cluster.
    spool
        Where messages wait while it is away.
    """

    def __init__(self, bootstrap_servers: str, spool: Spool) -> None:
        self._spool = spool
        self._away = False
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap_servers,
                "enable.idempotence": True,
                "compression.type": "lz4",
                "linger.ms": 2,
                "delivery.timeout.ms": int(DELIVERY_TIMEOUT_S * 1000),
                "error_cb": self._failed,
            },
            logger=logging.getLogger("librdkafka"),
        )
        self._stop = Flag()
        self._thread = Thread(target=self._serve, name="acknowledgements", daemon=True)
        self._draining: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Open the spool and begin to empty it.

        Raises
        ------
        OSError
            If the spool cannot be written.
        """
        self._spool.open()
        self._thread.start()
        self._draining = asyncio.create_task(self._drain())

    def _serve(self) -> None:
        while not self._stop.is_set():
            self._producer.poll(0.1)

    def _failed(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._away = True

    async def send(self, messages: Sequence[Outgoing]) -> None:
        """Send messages, and return when Kafka or the spool has every one of them.

        Raises
        ------
        AwayError
            If Kafka is away and the spool is full; some of them may be kept.
        """
        if not messages:
            return
        with tracing.span(
            f"publish {Topic.CLICKSTREAM.value}",
            SpanKind.PRODUCER,
            **{"messaging.batch.message_count": len(messages)},
        ):
            headers = tracing.headers_of(get_current_span())
            sent = [
                # A letter's headers are what it says of itself, and no more.
                each
                if each.topic == DEAD_LETTERS
                else each._replace(headers=[*each.headers, *headers])
                for each in messages
            ]
            left: Sequence[Outgoing] = sent
            if self._spool.empty and not self._away:
                left = await self._deliver(sent)
            if left:
                await self._spool.keep(left)

    async def _deliver(self, messages: Sequence[Outgoing]) -> list[Outgoing]:
        """Send messages and return those that Kafka did not acknowledge."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        wanted = len(messages)
        told: list[bool] = []
        left: list[Outgoing] = []

        def settle() -> None:
            if not done.done():
                done.set_result(None)

        def delivered(error: KafkaError | None, message: Message) -> None:
            # In the thread that serves acknowledgements.
            if error is not None:
                left.append(_again(message))
            told.append(error is None)
            if len(told) == wanted:
                loop.call_soon_threadsafe(settle)

        for number, each in enumerate(messages):
            try:
                self._producer.produce(
                    each.topic,
                    each.payload,
                    each.key,
                    on_delivery=delivered,
                    headers=each.headers,
                )
            except BufferError:
                # The queue is full: fewer are waited for, and those may all have been told.
                wanted = number
                if len(told) == wanted:
                    settle()
                break
        await done
        return [*left, *messages[wanted:]]

    async def _drain(self) -> None:
        while True:
            path, left = await self._spool.oldest()
            while left := await self._deliver(left):
                await asyncio.sleep(PAUSE_S)
            self._spool.forget(path)
            self._away = False

    async def reachable(self) -> bool:
        """Return whether a broker answers."""
        try:
            await asyncio.to_thread(self._producer.list_topics, Topic.CLICKSTREAM.value, 2.0)
        except KafkaException:
            return False
        return True

    async def close(self) -> None:
        """Wait for what is under way; what is in the spool stays there."""
        if self._draining is not None:
            self._draining.cancel()
            with suppress(asyncio.CancelledError):
                await self._draining
        await asyncio.to_thread(self._producer.flush, DELIVERY_TIMEOUT_S)
        await self._spool.close()
        self._stop.set()
        await asyncio.to_thread(self._thread.join)


def _again(message: Message) -> Outgoing:
    return Outgoing(
        str(message.topic()),
        message.key() or b"",
        message.value() or b"",
        list(dict(message.headers() or []).items()),
    )
