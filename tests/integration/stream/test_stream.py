"""Orders and clicks reach the online store, whatever dies in between."""

from __future__ import annotations

import json
import random
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import valkey
from confluent_kafka import Producer

from models.features.online import DAY_MS, HOUR_MS
from pipelines.stream.batch import Batch
from pipelines.stream.decode import OrderSeen
from pipelines.stream.store import OnlineStore
from storefront_api.events import Topic
from tests.integration.stream.conftest import StreamProcess, until
from tests.integration.stream.feed import START_MS, account, history, order, produce, view

NOBODYS = 9_000
"""Numbers from here on are no partition's."""


def sets(store: valkey.Valkey, run: str) -> dict[str, dict[str, float]]:
    found: Any = store.keys(f"*:{run}-*")
    dump = {}
    for key in found:
        scores: Any = store.zrange(key, 0, -1, withscores=True)
        dump[key] = dict(scores)
    return dump


def offsets(store: valkey.Valkey, keys: list[str] | None = None) -> dict[str, int]:
    names: Any = keys or store.keys("stream:offset:*")
    values: Any = store.mget(names)
    return {name: int(value or -1) for name, value in zip(names, values, strict=True)}


def test_a_day_of_orders_and_views_becomes_the_expected_sets(
    stream: StreamProcess, store: valkey.Valkey, broker: str, run: str
) -> None:
    sent = history(run, 400, seed=1)
    produce(broker, sent)
    stream.start()
    until(lambda: sets(store, run) == account(sent), "the sets are complete")
    ttls: list[Any] = [store.ttl(key) for key in sets(store, run)]
    assert min(ttls) > 0


def test_reading_everything_again_changes_nothing(
    stream: StreamProcess, store: valkey.Valkey, broker: str, run: str
) -> None:
    sent = history(run, 300, seed=2)
    produce(broker, sent)
    stream.start()
    until(lambda: sets(store, run) == account(sent), "the sets are complete")
    assert stream.end() == 0
    reached = offsets(store)
    store.delete(*reached)
    stream.start()
    until(
        lambda: all(at >= reached[key] for key, at in offsets(store, list(reached)).items()),
        "the log was read to where it was before",
    )
    assert sets(store, run) == account(sent)


def test_killed_at_any_point_it_loses_and_doubles_nothing(
    stream: StreamProcess, store: valkey.Valkey, broker: str, run: str
) -> None:
    sent = history(run, 4000, seed=11)
    source = random.Random(11)
    cuts = sorted(source.sample(range(1, len(sent)), 3))
    stream.start()
    first = 0
    for cut in cuts:
        produce(broker, sent[first:cut])
        some = source.randrange(1, 20)
        until(lambda some=some: len(sets(store, run)) >= some, "it is in the middle")  # type: ignore[misc]
        assert stream.end(signal.SIGKILL) == -signal.SIGKILL
        first = cut
        stream.start()
    produce(broker, sent[first:])
    until(lambda: sets(store, run) == account(sent), "the sets are complete")


def test_a_store_that_lost_everything_is_filled_from_the_log(
    stream: StreamProcess, store: valkey.Valkey, broker: str, run: str
) -> None:
    sent = history(run, 200, seed=3)
    produce(broker, sent)
    stream.start()
    until(lambda: sets(store, run) == account(sent), "the sets are complete")
    store.flushdb()
    late = view(START_MS, subject=f"{run}-late", sku="P1")
    produce(broker, [late])
    until(lambda: sets(store, run) == account([*sent, late]), "the sets are complete again")


def test_poison_is_counted_and_passed_over(
    stream: StreamProcess, store: valkey.Valkey, broker: str, run: str
) -> None:
    producer = Producer({"bootstrap.servers": broker})
    for payload in (b"{", b"", json.dumps({"type": "order_completed"}).encode()):
        producer.produce(Topic.ORDERS, key=run, value=payload)
    assert producer.flush(30) == 0
    sent = [order(START_MS, subject=f"{run}-s", card=f"{run}-c", device=f"{run}-d")]
    produce(broker, sent)
    stream.start()
    until(lambda: sets(store, run) == account(sent), "the good order is there")
    until(lambda: _poison(stream) >= 3, "the poison is counted")
    assert "poison event" in stream.log()


def _poison(stream: StreamProcess) -> float:
    lines = [
        line
        for line in stream.metrics().splitlines()
        if 'outcome="poison"' in line and line.startswith("eco_stream_events_total")
    ]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def test_an_aborted_transaction_is_not_counted(
    stream: StreamProcess, store: valkey.Valkey, broker: str, run: str
) -> None:
    producer = Producer({"bootstrap.servers": broker, "transactional.id": run})
    producer.init_transactions(30)
    events = {
        name: order(START_MS, subject=f"{run}-{name}", card=f"{run}-{name}")
        for name in ("aborted", "committed")
    }
    for name, end in (
        ("aborted", producer.abort_transaction),
        ("committed", producer.commit_transaction),
    ):
        topic, event = events[name]
        producer.begin_transaction()
        producer.produce(topic, key=run, value=json.dumps(event))
        producer.flush(30)
        end(30)
    stream.start()
    until(lambda: f"velocity:card:{run}-committed" in sets(store, run), "the committed is there")
    assert not [key for key in sets(store, run) if "aborted" in key]


def test_orders_older_than_the_retention_are_trimmed_by_event_time(
    stream: StreamProcess, store: valkey.Valkey, broker: str, run: str
) -> None:
    ages = (0, HOUR_MS, DAY_MS, 2 * DAY_MS, 2 * DAY_MS + 1, 9 * DAY_MS)
    sent = [order(START_MS - age, subject=f"{run}-s", card=f"{run}-c") for age in ages]
    key = f"velocity:card:{run}-c"

    def kept() -> list[int]:
        return sorted(START_MS - int(score) for score in sets(store, run).get(key, {}).values())

    stream.start()
    # One after the other: partitions are read in no order.
    for age, one in reversed([*zip(ages, sent, strict=True)]):
        produce(broker, [one])
        until(lambda age=age: age in kept(), "it is there")  # type: ignore[misc]
    assert kept() == [0, HOUR_MS, DAY_MS, 2 * DAY_MS]


@pytest.mark.parametrize("seed", range(3))
def test_sets_are_the_same_in_whatever_order_batches_are_written(
    seed: int, store: valkey.Valkey, run: str
) -> None:
    online, places = OnlineStore(store), (Topic.ORDERS.value, NOBODYS + seed)
    ages = [0, HOUR_MS, DAY_MS, 2 * DAY_MS, 2 * DAY_MS + 1, 9 * DAY_MS]
    random.Random(seed).shuffle(ages)
    at: int | None = online.offsets([places])[places]
    for age in ages:
        batch = Batch()
        skus = tuple(f"{run}-{n}" for n in range(40))
        batch.add(OrderSeen(START_MS - age, f"o{age}", f"{run}-s", "", f"{run}-c", 1, skus))
        online.write(batch, {places: (at or 0) + 1}, {places: at})
        at = (at or 0) + 1
    kept = sets(store, run)[f"velocity:card:{run}-c"]
    wanted = {0, HOUR_MS, DAY_MS, 2 * DAY_MS}
    assert {START_MS - int(score) for score in kept.values()} == wanted
    store.delete(f"stream:offset:{places[0]}:{places[1]}")


def test_its_clock_is_the_events_own(
    stream: StreamProcess, store: valkey.Valkey, broker: str, run: str
) -> None:
    at_ms = int((datetime.now(UTC) - timedelta(days=3000)).timestamp() * 1000)
    sent = [order(at_ms, subject=f"{run}-s", card=f"{run}-c")]
    produce(broker, sent)
    stream.start()
    until(lambda: sets(store, run) == account(sent), "an order of years ago is kept")


def test_it_ends_cleanly_when_asked(
    stream: StreamProcess, store: valkey.Valkey, broker: str, run: str
) -> None:
    stream.start()
    produce(broker, [view(START_MS, subject=f"{run}-s", sku="P1")])
    until(lambda: bool(sets(store, run)), "it is reading")
    assert stream.end(signal.SIGTERM) == 0
