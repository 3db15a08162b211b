"""Clicks into Kafka, or onto the disk while it is away: kept before the answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from opentelemetry.trace import SpanKind

from storefront_api.events import DEAD_LETTERS, Topic
from storefront_api.platform import tracing
from storefront_api.platform.spool import Headers, Outgoing, Spool

DELIVERY_TIMEOUT_S = 5.0
"""Kafka is taken to be away when it has not acknowledged for so long."""
PAUSE_S = 0.5
"""Between two tries to empty the spool."""
ASK_AGAIN_S = 0.001
"""Between two looks at what Kafka has acknowledged, while something is under way."""
IDLE_S = 0.5
"""The same while nothing is: then only the brokers' coming and going is to be heard of."""
_SPAN = f"publish {Topic.CLICKSTREAM.value}"


class _Delivery:
    """What becomes of some messages; the producer calls `told` once for each."""

    __slots__ = ("_done", "left", "waiting")

    def __init__(self) -> None:
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.left: list[Outgoing] = []
        self.waiting = 0

    def told(self, error: KafkaError | None, message: Message) -> None:
        """Hear what became of one, while the event loop polls."""
        if error is not None:
            self.left.append(_again(message))
        self.waiting -= 1
        if not self.waiting and not self._done.done():
            self._done.set_result(None)

    async def settled(self) -> list[Outgoing]:
        """Return, when all have been told of, those that Kafka did not acknowledge."""
        if self.waiting:
            await self._done
        return self.left


class ClickProducer:
    """An idempotent producer that the event loop polls for acknowledgements, and a spool.

    A thread that waited for them would take the interpreter's lock from the requests again and
    again; between two rounds of the loop nobody has to be waited for.

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
        self._timer: asyncio.TimerHandle | None = None
        self._polls_soon = False
        self._draining: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Open the spool and begin to empty it.

        Raises
        ------
        OSError
            If the spool cannot be written.
        """
        self._spool.open()
        self._poll()
        self._draining = asyncio.create_task(self._drain())

    def _poll(self) -> None:
        self._producer.poll(0)
        self._poll_again(soon=len(self._producer) > 0)

    def _poll_again(self, soon: bool) -> None:
        if self._timer is not None:
            self._timer.cancel()
        pause = ASK_AGAIN_S if soon else IDLE_S
        self._polls_soon = soon
        self._timer = asyncio.get_running_loop().call_later(pause, self._poll)

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
        told = {"messaging.batch.message_count": len(messages)}
        with tracing.span(_SPAN, SpanKind.PRODUCER, **told):
            headers = tracing.headers_of(tracing.traceparent())
            if self._spool.empty and not self._away:
                left = await self._deliver(messages, headers)
            else:
                left = _traced(messages, headers)
            if left:
                await self._spool.keep(left)

    async def _deliver(self, messages: Sequence[Outgoing], headers: Headers) -> list[Outgoing]:
        """Send messages, with headers, and return those that Kafka did not acknowledge."""
        delivery = _Delivery()
        produce, told = self._producer.produce, delivery.told
        for topic, key, payload, own in messages:
            try:
                produce(
                    topic,
                    payload,
                    key,
                    on_delivery=told,
                    headers=_all_headers(topic, own, headers),
                )
            except BufferError:
                # The queue is full: what does not fit into it is left.
                break
            delivery.waiting += 1
        if not self._polls_soon:
            self._poll_again(soon=True)
        rest = messages[delivery.waiting :]
        return [*await delivery.settled(), *_traced(rest, headers)]

    async def _drain(self) -> None:
        while True:
            path, left = await self._spool.oldest()
            while left := await self._deliver(left, []):
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
        with suppress(TimeoutError):
            async with asyncio.timeout(DELIVERY_TIMEOUT_S):
                while len(self._producer):
                    await asyncio.sleep(ASK_AGAIN_S)
        if self._timer is not None:
            self._timer.cancel()
        await self._spool.close()


def _all_headers(topic: str, own: Headers, added: Headers) -> Headers:
    """Return the headers of a message; a letter's are what it says of itself, and no more."""
    if topic == DEAD_LETTERS:
        return own
    return [*own, *added] if own else added


def _traced(messages: Sequence[Outgoing], added: Headers) -> list[Outgoing]:
    return [
        each._replace(headers=_all_headers(each.topic, each.headers, added)) for each in messages
    ]


def _again(message: Message) -> Outgoing:
    return Outgoing(
        str(message.topic()),
        message.key() or b"",
        message.value() or b"",
        list(dict(message.headers() or []).items()),
    )
