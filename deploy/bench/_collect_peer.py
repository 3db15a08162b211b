"""The peer of `bench collect`: the usual endpoint, pydantic models in and JSON into Kafka."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from threading import Event as Flag
from threading import Thread
from typing import Any, Literal

from confluent_kafka import KafkaError, Message, Producer
from fastapi import FastAPI
from pydantic import UUID7, AwareDatetime, BaseModel, ConfigDict, Field

from storefront_api.events import Topic
from storefront_api.events.clickstream import ProductClickV1


class Click(BaseModel):
    """What is taken; the same rules as the store's."""

    model_config = ConfigDict(extra="forbid")

    id: UUID7
    type: Literal["product_viewed"]
    version: int = Field(default=1, ge=1)
    occurred_at: AwareDatetime
    data: ProductClickV1


class Clicks(BaseModel):
    """A batch of them."""

    events: list[Click] = Field(min_length=1, max_length=500)


class Published(Click):
    """What is published."""

    received_at: AwareDatetime
    subject: str = ""
    trace_id: str = ""


def create_app() -> FastAPI:
    """Build the application; the broker is `KAFKA_BOOTSTRAP_SERVERS`."""
    producer = Producer(
        {
            "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
            "enable.idempotence": True,
            "compression.type": "lz4",
            "linger.ms": 2,
        }
    )
    stop = Flag()

    def serve() -> None:
        while not stop.is_set():
            producer.poll(0.1)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield
        stop.set()
        thread.join()

    app = FastAPI(lifespan=lifespan)

    @app.post("/collect", status_code=202)
    async def collect(batch: Clicks) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        told: list[KafkaError | None] = []
        now = datetime.now(UTC)

        def delivered(error: KafkaError | None, _: Message) -> None:
            told.append(error)
            if len(told) == len(batch.events):
                loop.call_soon_threadsafe(done.set_result, None)

        for click in batch.events:
            event = Published(**click.model_dump(), received_at=now)
            producer.produce(
                Topic.CLICKSTREAM.value,
                event.model_dump_json(),
                click.data.session_id,
                on_delivery=delivered,
            )
        await done
        return {"accepted": sum(error is None for error in told), "refused": []}

    return app
