"""Pending ranges, and what is collected within their bounds."""

from __future__ import annotations

import pytest
from confluent_kafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.batch import Collector
from pipelines.ingest.contract import Contract
from pipelines.ingest.pending import PendingError, Range, pending_range
from storefront_api.events import Topic

TOPIC = Topic.ORDERS
CONTRACT = Contract(TOPIC)
OFFSETS = st.integers(0, 2**61)


@given(first=OFFSETS, length=OFFSETS)
def test_a_range_survives_the_commit_that_records_it(first: int, length: int) -> None:
    range_ = Range(TOPIC.value, 3, first, first + length)
    begun = range_.begun()
    assert begun.offset == first
    assert pending_range(begun) == range_


@given(first=OFFSETS, length=OFFSETS)
def test_after_a_range_nothing_is_pending(first: int, length: int) -> None:
    done = Range(TOPIC.value, 3, first, first + length).done()
    assert done.offset == first + length + 1
    assert pending_range(done) is None


@pytest.mark.parametrize(
    "metadata", ["x", "pending 5-9 ", "pending 6-9", "pending 5-4", "pending -", "Pending 5-9"]
)
def test_metadata_of_something_else_is_never_overwritten(metadata: str) -> None:
    with pytest.raises(PendingError, match=f"{TOPIC.value}/0: offset 5"):
        pending_range(TopicPartition(TOPIC.value, 0, 5, metadata))


@given(
    offsets=st.lists(st.integers(0, 200), unique=True, min_size=1, max_size=60).map(sorted),
    data=st.data(),
)
def test_a_repeated_range_has_its_old_bounds_and_content_and_the_rest_follows(
    offsets: list[int], data: st.DataObject
) -> None:
    end = data.draw(st.integers(0, len(offsets) - 1))
    range_ = Range(TOPIC.value, 0, offsets[0], offsets[end])
    collector = Collector(CONTRACT, 0, range_)
    ready = []
    for offset in offsets:
        collector.add(b"{", offset)
        ready.append(collector.ready)
    assert ready == [offset >= range_.last for offset in offsets]
    assert collector.count == len(offsets)
    repeated = collector.take()
    assert repeated.range == range_
    assert [letter.offset for letter in repeated.dead] == offsets[: end + 1]
    rest = offsets[end + 1 :]
    assert collector.ready == bool(rest)
    if rest:
        following = collector.take()
        assert following.range == Range(TOPIC.value, 0, rest[0], rest[-1])
        assert [letter.offset for letter in following.dead] == rest


def test_a_repeated_range_whose_end_was_deleted_from_the_log_still_ends() -> None:
    collector = Collector(CONTRACT, 0, Range(TOPIC.value, 0, 5, 9))
    collector.add(b"{", 5)
    assert not collector.ready
    collector.add(b"{", 12)
    assert collector.ready
    assert collector.take().range == Range(TOPIC.value, 0, 5, 9)
    assert collector.take().range == Range(TOPIC.value, 0, 12, 12)
