"""The bulk path: history into Kafka, each chunk once, and on where a killed import stopped.

A chunk of baskets is one Kafka transaction, which also commits how many baskets are in, as the
offset of a group of its own. A new run reads that number and goes on after it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import date, timedelta
from functools import partial
from itertools import islice
from threading import Thread

import msgspec
import stamina
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from deploy.demo.baskets import Basket
from deploy.demo.identity import digest, event_id
from deploy.demo.world import World
from storefront_api.events import Topic, parse

GROUP = "demo-history"
CARRIER = TopicPartition(Topic.ORDERS.value, 0)
"""Partition whose committed offset, in the group above, counts baskets and not messages."""
CHUNK = 4_000
TIMEOUT_S = 30.0
STUCK_S = 3 * TIMEOUT_S
"""librdkafka 2.16 heeds no timeout while it looks for a group's coordinator whose broker died (its
issue 5456): after this long a new client goes on, which ends the old one's transaction."""
ATTEMPTS = 20
PATIENCE_S = 600.0
"""How long a broker that is away is waited for."""
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
            "tax_rate_bp": 0,
            "tax_minor": 0,
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
        "destination": "US",
        "currency": "USD",
        "lines": lines,
        "total_minor": sum(line.total_minor for line in basket.lines),
        "tax_minor": 0,
        "payment": basket.payment(),
        "delivery": basket.delivery(),
        "risk": "unscored",
        "risk_decision_id": "",
    }
    event = event_id(basket.at_ms, f"completed/{basket.source_ref}")
    trace = digest("trace", basket.source_ref)
    return _encode(_Order(event, "order_completed", 3, at, at, basket.subject, trace, data))


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


class StuckError(RuntimeError):
    """The Kafka client does not come back; what it was at may or may not be done."""


def _passes(error: Exception) -> bool:
    return isinstance(error, (KafkaException, StuckError))


def import_history(
    world: World, bootstrap_servers: str, on_progress: Callable[[int, int], None]
) -> int:
    """Send what is missing of the history and return how many events that were.

    A broker that dies on the way is waited for: each new start reads how far the history got.

    Parameters
    ----------
    on_progress
        Called with the baskets that are in and the events that this run sent.

    Raises
    ------
    pydantic.ValidationError
        If the world does not keep the event contract; nothing was sent then.
    KafkaException, StuckError
        If the broker stays away.
    """
    _check(world)
    run = _Import(world, bootstrap_servers, on_progress)
    for attempt in stamina.retry_context(on=_passes, attempts=ATTEMPTS, timeout=PATIENCE_S):
        with attempt:
            run.go_on()
    return run.sent


class _Import:
    """One run of the import, over as many clients as it takes."""

    def __init__(
        self, world: World, bootstrap_servers: str, on_progress: Callable[[int, int], None]
    ) -> None:
        self._world = world
        self._servers = bootstrap_servers
        self._on_progress = on_progress
        self._in_doubt = (0, 0)
        """Baskets that are in if the last transaction went through, and its events."""
        self.sent = 0

    def go_on(self) -> None:
        """Send what the broker does not have, with clients of their own."""
        logger = logging.getLogger("librdkafka")
        common = {"bootstrap.servers": self._servers}
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
        group = {"group.id": GROUP, "isolation.level": "read_committed"}
        offsets = Consumer({**common, **group}, logger=logger)
        (committed,) = offsets.committed([CARRIER], TIMEOUT_S)
        done = max(0, committed.offset)
        baskets_if_done, events = self._in_doubt
        if done == baskets_if_done:
            self.sent += events
        remaining = islice(self._world.history(), done, None)
        self._on_progress(done, self.sent)
        while chunk := list(islice(remaining, CHUNK)):
            producer.begin_transaction()
            events = _produce(producer, chunk)
            done += len(chunk)
            self._in_doubt = (done, events)
            within(STUCK_S, partial(_commit, producer, offsets, done))
            self._in_doubt = (0, 0)
            self.sent += events
            self._on_progress(done, self.sent)
        offsets.close()


def _produce(producer: Producer, chunk: Sequence[Basket]) -> int:
    events = 0
    for basket in chunk:
        producer.produce(Topic.ORDERS.value, order_message(basket), basket.source_ref)
        events += 1
        for message in click_messages(basket):
            producer.produce(Topic.CLICKSTREAM.value, message, basket.session_id)
            events += 1
        producer.poll(0)
    return events


def _commit(producer: Producer, offsets: Consumer, done: int) -> None:
    progress = TopicPartition(CARRIER.topic, CARRIER.partition, done)
    producer.send_offsets_to_transaction([progress], offsets.consumer_group_metadata(), TIMEOUT_S)
    producer.commit_transaction(TIMEOUT_S)


def within(seconds: float, work: Callable[[], None]) -> None:
    """Do some work in a thread that is left behind if it does not come back in time.

    Parameters
    ----------
    seconds
        How long it may take.
    work
        What is done; its errors are raised here.

    Raises
    ------
    StuckError
        If it does not.
    """
    outcome: Future[None] = Future()

    def target() -> None:
        try:
            work()
            outcome.set_result(None)
        except Exception as error:  # noqa: BLE001  # it is raised where the work is waited for
            outcome.set_exception(error)

    Thread(target=target, daemon=True).start()
    try:
        outcome.result(seconds)
    except TimeoutError:
        raise StuckError(f"the Kafka client is stuck for {seconds:.0f} s") from None
