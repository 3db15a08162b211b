"""Clicks into Kafka, acknowledged before the answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from threading import Event as Flag
from threading import Thread

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from opentelemetry.trace import SpanKind, get_current_span

from storefront_api.events import Topic
from storefront_api.platform import tracing
from storefront_api.platform.errors import AwayError

DELIVERY_TIMEOUT_S = 10.0


class ClickProducer:
    """An idempotent producer with a thread that serves its acknowledgements.

    Parameters
    ----------
    bootstrap_servers
        The Kafka cluster.
    """

    def __init__(self, bootstrap_servers: str) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap_servers,
                "enable.idempotence": True,
                "compression.type": "lz4",
                "linger.ms": 2,
                "delivery.timeout.ms": int(DELIVERY_TIMEOUT_S * 1000),
            },
            logger=logging.getLogger("librdkafka"),
        )
        self._stop = Flag()
        self._thread = Thread(target=self._serve, name="acknowledgements", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stop.is_set():
            self._producer.poll(0.1)

    async def send(self, messages: Sequence[tuple[bytes, bytes]]) -> None:
        """Send keys and payloads, and return when Kafka has every one of them.

        Raises
        ------
        AwayError
            If one is not acknowledged; some of the others may be in Kafka.
        """
        if not messages:
            return
        with tracing.span(
            f"publish {Topic.CLICKSTREAM.value}",
            SpanKind.PRODUCER,
            **{"messaging.batch.message_count": len(messages)},
        ):
            await self._send(messages)

    async def _send(self, messages: Sequence[tuple[bytes, bytes]]) -> None:
        headers = tracing.headers_of(get_current_span())
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        waiting = len(messages)
        failed: list[KafkaError] = []

        def settle() -> None:
            if not done.done():
                done.set_result(None)

        def delivered(error: KafkaError | None, _: Message) -> None:
            nonlocal waiting
            if error is not None:
                failed.append(error)
            waiting -= 1
            if waiting == 0:
                loop.call_soon_threadsafe(settle)

        try:
            for key, payload in messages:
                self._producer.produce(
                    Topic.CLICKSTREAM.value, payload, key, on_delivery=delivered, headers=headers
                )
        except BufferError:
            raise AwayError("Kafka does not keep up; nothing more is taken for now") from None
        await done
        if failed:
            raise AwayError(f"Kafka did not take the events: {failed[0].str()}")

    async def reachable(self) -> bool:
        """Return whether a broker answers."""
        try:
            await asyncio.to_thread(self._producer.list_topics, Topic.CLICKSTREAM.value, 2.0)
        except KafkaException:
            return False
        return True

    async def close(self) -> None:
        """Wait for what is under way."""
        await asyncio.to_thread(self._producer.flush, DELIVERY_TIMEOUT_S)
        self._stop.set()
        await asyncio.to_thread(self._thread.join)
