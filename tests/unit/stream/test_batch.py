"""A batch says the same whatever the order of its events and however often they come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from models.features.online import RECENT_LENGTH, VELOCITY_RETENTION_MS
from pipelines.stream.batch import Batch
from pipelines.stream.decode import OrderSeen, ProductSeen

NOW = 1_514_102_400_000
TIMES = st.integers(NOW, NOW + 3 * VELOCITY_RETENTION_MS)
NAMES = st.sampled_from(["", "a", "b"])
ORDERS = st.builds(
    OrderSeen,
    at_ms=TIMES,
    order_id=st.uuids().map(str),
    subject=NAMES,
    device_id=NAMES,
    card=NAMES,
    amount_minor=st.integers(0, 9999),
    skus=st.lists(st.sampled_from("xyz"), max_size=3).map(tuple),
)
VIEWS = st.builds(
    ProductSeen, at_ms=TIMES, subject=st.sampled_from("ab"), sku=st.text("x", max_size=70)
)
EVENTS = st.lists(st.one_of(ORDERS, VIEWS), max_size=30)


def contents(events: list[OrderSeen | ProductSeen]) -> tuple[dict[str, object], ...]:
    batch = Batch()
    for event in events:
        batch.add(event)
    return dict(batch.velocity()), dict(batch.known()), dict(batch.recent())


@given(EVENTS, st.randoms())
def test_order_and_repetition_change_nothing(events: list[OrderSeen], random: object) -> None:
    shuffled = events + events[: len(events) // 2]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert contents(list(shuffled)) == contents(list(events))


@given(st.lists(ORDERS, min_size=1, max_size=30))
def test_velocity_keeps_exactly_the_orders_within_the_retention(events: list[OrderSeen]) -> None:
    velocity = contents(list(events))[0]
    for card in {event.card for event in events} - {""}:
        of_card = [event for event in events if event.card == card]
        newest = max(event.at_ms for event in of_card)
        kept = {
            f"{event.order_id}:{event.amount_minor}": event.at_ms
            for event in of_card
            if event.at_ms >= newest - VELOCITY_RETENTION_MS
        }
        assert velocity[f"velocity:card:{card}"] == kept


def test_an_empty_identifier_leaves_no_trace() -> None:
    order = OrderSeen(NOW, "o", subject="", device_id="", card="", amount_minor=1, skus=("x",))
    assert contents([order]) == ({}, {}, {})


def test_an_order_without_lines_asks_for_no_empty_write() -> None:
    order = OrderSeen(NOW, "o", subject="s", device_id="", card="", amount_minor=1, skus=())
    assert contents([order])[1:] == ({}, {})


def test_known_cards_keep_their_first_order() -> None:
    later, first = (OrderSeen(NOW + at, str(at), "s", "d", "c", 1, ()) for at in (5, 0))
    assert contents([later, first])[1] == {"known:s": {"card:c": NOW, "device:d": NOW}}


def test_only_the_latest_products_remain_each_at_its_latest_time() -> None:
    views: list[OrderSeen | ProductSeen] = [
        ProductSeen(NOW + number, "s", f"p{number:03d}") for number in range(RECENT_LENGTH + 10)
    ]
    recent = contents([*views, ProductSeen(NOW + 999, "s", "p000")])[2]
    kept = recent["recent:s"]
    assert isinstance(kept, dict)
    assert len(kept) == RECENT_LENGTH
    assert kept["p000"] == NOW + 999
    assert "p010" not in kept
    assert "p011" in kept
