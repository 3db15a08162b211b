"""A peer of `bench collect`: what comes is handed to Kafka as it is, the least that can be done.

The producer is set as the collector's, and asked for acknowledgements by the event loop as that is.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import msgspec
from confluent_kafka import KafkaError, Message, Producer

from storefront_api.events import Topic

ASK_AGAIN_S = 0.001
_ID = slice(7, 43)
"""Where the benchmark's events have their ids, which are as good a key as any here."""


class _Batch(msgspec.Struct):
    events: list[msgspec.Raw]


_batch = msgspec.json.Decoder(_Batch)


class _Delivery:
    def __init__(self, wanted: int) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wanted = wanted

    def told(self, error: KafkaError | None, _: Message) -> None:
        self._wanted -= 1
        if error is not None:
            raise RuntimeError(f"Kafka has not taken a message: {error}")
        if not self._wanted:
            self.done.set_result(None)


class _App:
    def __init__(self) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
                "enable.idempotence": True,
                "compression.type": "lz4",
                "linger.ms": 2,
            }
        )
        self._polls = False

    def _poll(self) -> None:
        self._producer.poll(0)
        self._polls = len(self._producer) > 0
        if self._polls:
            asyncio.get_running_loop().call_later(ASK_AGAIN_S, self._poll)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer; lifespan events are declined."""
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        body, more = b"", True
        while more:
            message = await receive()
            body += message["body"]
            more = message["more_body"]
        if body:
            await self._hand_on(_batch.decode(body).events)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})

    async def _hand_on(self, events: list[msgspec.Raw]) -> None:
        delivery = _Delivery(len(events))
        for event in map(bytes, events):
            self._producer.produce(
                Topic.CLICKSTREAM.value, event, event[_ID], on_delivery=delivery.told
            )
        if not self._polls:
            self._polls = True
            asyncio.get_running_loop().call_later(ASK_AGAIN_S, self._poll)
        await delivery.done


def create_app() -> _App:
    """Build the application; the broker is `KAFKA_BOOTSTRAP_SERVERS`."""
    return _App()
