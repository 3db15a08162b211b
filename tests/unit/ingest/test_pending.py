"""Pending cuts, and what is collected for one."""

from __future__ import annotations

import json

import pytest
from confluent_kafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.batch import Collector
from pipelines.ingest.contract import Contract
from pipelines.ingest.pending import MOST_RANGES, Cut, PendingError, Range, pending_cut
from storefront_api.events import Topic
from tests.integration.ingest.feed import example

TOPIC = Topic.ORDERS
CONTRACT = Contract(TOPIC)
METADATA_BYTES = 4096
"""What a broker takes beside an offset, unless it is set up otherwise."""
OFFSETS = st.integers(0, 2**61)
PARTITIONS = st.integers(0, 9_999)
CUTS = st.dictionaries(PARTITIONS, st.tuples(OFFSETS, OFFSETS), min_size=1, max_size=8).map(
    lambda found: Cut(
        TOPIC.value,
        tuple(Range(n, first, first + length) for n, (first, length) in sorted(found.items())),
    )
)


@given(CUTS)
def test_each_partition_of_a_cut_tells_the_whole_of_it(cut: Cut) -> None:
    begun = cut.begun()
    assert [(at.partition, at.offset) for at in begun] == [
        (each.partition, each.first) for each in cut.ranges
    ]
    assert [pending_cut(at) for at in begun] == [cut] * len(cut.ranges)


@given(CUTS)
def test_behind_a_cut_nothing_is_pending(cut: Cut) -> None:
    done = cut.done()
    assert [(at.partition, at.offset) for at in done] == [
        (each.partition, each.last + 1) for each in cut.ranges
    ]
    assert [pending_cut(at) for at in done] == [None] * len(cut.ranges)


def test_the_largest_cut_is_written_down_within_what_a_broker_takes() -> None:
    far = 2**62
    cut = Cut(TOPIC.value, tuple(Range(9_000 + n, far, far + 1) for n in range(MOST_RANGES)))
    assert {len(at.metadata or "") < METADATA_BYTES for at in cut.begun()} == {True}


@pytest.mark.parametrize(
    "metadata",
    [
        "x",
        "pending 0:5-9 ",
        "pending 0:6-9",
        "pending 0:5-4",
        "pending 1:5-9",
        "pending 0:5-9,",
        "pending 0:5-9,1:7-6",
        "pending 5-9",
        "pending ",
        "Pending 0:5-9",
    ],
)
def test_metadata_of_something_else_is_never_overwritten(metadata: str) -> None:
    with pytest.raises(PendingError, match=f"{TOPIC.value}/0: offset 5"):
        pending_cut(TopicPartition(TOPIC.value, 0, 5, metadata))


ORDER = json.dumps(example(TOPIC, "order_completed.v3")).encode()


@given(
    st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=40),
    st.integers(1, 7),
)
def test_what_is_collected_is_in_its_cut_once_with_rows_and_letters_in_their_places(
    messages: list[tuple[int, bool]], chunk: int
) -> None:
    collector = Collector(CONTRACT)
    partitions = [partition for partition, _ in messages]
    offsets = [10 * number for number in range(len(messages))]
    payloads = [ORDER if is_good else b"{" for _, is_good in messages]
    for first in range(0, len(messages), chunk):
        part = slice(first, first + chunk)
        collector.add(payloads[part], partitions[part], offsets[part])
    assert collector.count == len(messages)
    batch = collector.take()
    assert (batch.count, collector.count) == (len(messages), 0)
    for each in batch.cut.ranges:
        own = [offset for n, offset in zip(partitions, offsets, strict=True) if n == each.partition]
        assert (each.first, each.last) == (own[0], own[-1])
    assert [each.partition for each in batch.cut.ranges] == sorted(set(partitions))
    rows = [(row["_partition"], row["_offset"]) for part in batch.rows for row in part.to_pylist()]
    letters = [(letter.partition, letter.offset) for letter in batch.dead]
    places = list(zip(partitions, offsets, strict=True))
    for found, wanted in ((rows, ORDER), (letters, b"{")):
        assert found == [
            place for place, payload in zip(places, payloads, strict=True) if payload == wanted
        ]
