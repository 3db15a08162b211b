"""The bulk path: history into Kafka, each chunk once, and on where a killed import stopped.

A chunk of baskets is one Kafka transaction, which also commits how many baskets are in, as the
offset of a group of its own. A new run reads that number and goes on after it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import islice

import msgspec
from confluent_kafka import Consumer, Producer, TopicPartition

from deploy.demo.baskets import Basket
from deploy.demo.identity import digest, event_id
from deploy.demo.world import World
from storefront_api.events import Topic, parse

GROUP = "demo-history"
CARRIER = TopicPartition(Topic.ORDERS.value, 0)
"""Partition whose committed offset, in the group above, counts baskets and not messages."""
CHUNK = 4_000
TIMEOUT_S = 120.0
CHECKED = 200
"""Baskets whose every event is held against the event contract before anything is sent."""


class _Order(msgspec.Struct):
    id: str
    type: str
    version: int
    occurred_at: str
    received_at: str
    subject: str
    trace_id: str
    data: dict[str, object]


class _Clicked(msgspec.Struct, gc=False):
    session_id: str
    anonymous_id: str
    device_id: str
    derived: bool
    sku: str
    currency: str
    price_minor: int
    quantity: int | msgspec.UnsetType = msgspec.UNSET


class _Click(msgspec.Struct, gc=False):
    id: str
    type: str
    version: int
    occurred_at: str
    received_at: str
    subject: str
    trace_id: str
    data: _Clicked


_encode = msgspec.json.Encoder().encode


def rfc3339(at_ms: int) -> str:
    """Return an instant as the event contract writes it."""
    days, rest = divmod(at_ms, 86_400_000)
    seconds, milliseconds = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{_date(days)}T{hour:02d}:{minute:02d}:{second:02d}.{milliseconds:03d}Z"


_DATES: dict[int, str] = {}


def _date(days: int) -> str:
    known = _DATES.get(days)
    if known is None:
        known = _DATES[days] = (date(1970, 1, 1) + timedelta(days=days)).isoformat()
    return known


def order_message(basket: Basket) -> bytes:
    """Return a basket as an order_completed event."""
    at = rfc3339(basket.at_ms)
    identity = event_id(basket.at_ms, f"order/{basket.source_ref}")
    lines = [
        {
            "line_number": number,
            "sku": line.sku,
            "quantity": line.quantity,
            "unit": line.unit,
            "list_minor": line.list_minor,
            "discount_minor": line.discount_minor,
            "total_minor": line.total_minor,
        }
        for number, line in enumerate(basket.lines, start=1)
    ]
    data = {
        "order_id": identity,
        "store_id": basket.store_id,
        "channel": basket.channel,
        "source_ref": basket.source_ref,
        "session_id": basket.session_id,
        "device_id": basket.device_id,
        "ip_country": basket.ip_country,
        "currency": "USD",
        "lines": lines,
        "total_minor": sum(line.total_minor for line in basket.lines),
        "payment": basket.payment(),
        "delivery": basket.delivery(),
        "risk": "unscored",
        "risk_decision_id": "",
    }
    event = event_id(basket.at_ms, f"completed/{basket.source_ref}")
    trace = digest("trace", basket.source_ref)
    return _encode(_Order(event, "order_completed", 1, at, at, basket.subject, trace, data))


def click_messages(basket: Basket) -> Iterator[bytes]:
    """Yield the clicks that led to a basket, marked as derived."""
    session, trace = basket.session_id, digest("trace", basket.source_ref)
    for number, (type_, at_ms, line) in enumerate(basket.clicks()):
        at = rfc3339(at_ms)
        pieces = line.quantity if line.unit == "each" else 1
        clicked = _Clicked(
            session,
            basket.subject,
            basket.device_id,
            True,
            line.sku,
            "USD",
            line.list_minor // max(1, pieces),
            line.quantity if type_ == "product_added" else msgspec.UNSET,
        )
        event = event_id(at_ms, f"{number}/{session}")
        yield _encode(_Click(event, type_, 1, at, at, basket.subject, trace, clicked))


def _check(world: World) -> None:
    for basket in islice(world.history(), CHECKED):
        parse(Topic.ORDERS, order_message(basket))
        for message in click_messages(basket):
            parse(Topic.CLICKSTREAM, message)


def import_history(
    world: World, bootstrap_servers: str, on_progress: Callable[[int, int], None]
) -> int:
    """Send what is missing of the history and return how many events that were.

    Parameters
    ----------
    on_progress
        Called with the baskets that are in and the events that this run sent.

    Raises
    ------
    pydantic.ValidationError
        If the world does not keep the event contract; nothing was sent then.
    """
    _check(world)
    logger = logging.getLogger("librdkafka")
    common = {"bootstrap.servers": bootstrap_servers}
    producer = Producer(
        {
            **common,
            "transactional.id": GROUP,
            "compression.type": "lz4",
            "linger.ms": 50,
            "batch.size": 512 * 1024,
            "queue.buffering.max.messages": 1_000_000,
            "queue.buffering.max.kbytes": 512 * 1024,
        },
        logger=logger,
    )
    producer.init_transactions(TIMEOUT_S)
    offsets = Consumer(
        {**common, "group.id": GROUP, "isolation.level": "read_committed"}, logger=logger
    )
    (committed,) = offsets.committed([CARRIER], TIMEOUT_S)
    done, sent = max(0, committed.offset), 0
    remaining = islice(world.history(), done, None)
    on_progress(done, sent)
    while chunk := list(islice(remaining, CHUNK)):
        producer.begin_transaction()
        for basket in chunk:
            producer.produce(Topic.ORDERS.value, order_message(basket), basket.source_ref)
            sent += 1
            key = basket.session_id
            for message in click_messages(basket):
                producer.produce(Topic.CLICKSTREAM.value, message, key)
                sent += 1
            producer.poll(0)
        done += len(chunk)
        progress = TopicPartition(CARRIER.topic, CARRIER.partition, done)
        group = offsets.consumer_group_metadata()
        producer.send_offsets_to_transaction([progress], group, TIMEOUT_S)
        producer.commit_transaction(TIMEOUT_S)
        on_progress(done, sent)
    offsets.close()
    return sent
