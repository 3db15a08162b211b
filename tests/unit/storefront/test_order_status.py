"""An order's status follows from what happened, in whatever order it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront_api.events.fulfilment import ShipmentStatus
from storefront_api.orders.status import (
    RANK,
    OrderFacts,
    OrderStatus,
    Scan,
    ShipmentFacts,
    latest,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
SCANNED = [status for status in ShipmentStatus if 2 <= RANK[status] <= 7]
ORDER = list(OrderStatus)

scans = st.builds(
    Scan,
    st.sampled_from(SCANNED),
    st.integers(0, 5).map(lambda hours: START + timedelta(hours=hours)),
)


@st.composite
def shuffled(draw: st.DrawFn) -> tuple[list[Scan], list[Scan]]:
    told = draw(st.lists(scans, min_size=1, max_size=6))
    again = told + draw(st.lists(st.sampled_from(told), max_size=4))
    return told, draw(st.permutations(again))


@given(shuffled())
def test_the_same_scans_give_the_same_status_in_any_order_and_however_often(
    told: tuple[list[Scan], list[Scan]],
) -> None:
    assert latest(told[0]) == latest(told[1])


@given(st.lists(scans, min_size=1, max_size=6), scans)
def test_a_scan_never_moves_a_shipment_to_a_lower_rank(told: list[Scan], late: Scan) -> None:
    before, after = latest(told), latest([*told, late])
    assert before is not None
    assert after is not None
    assert RANK[after.kind] >= RANK[before.kind]
    if late.scanned_at < before.scanned_at and RANK[late.kind] <= RANK[before.kind]:
        assert after == before


@given(st.lists(scans, max_size=4))
def test_what_was_delivered_stays_delivered(told: list[Scan]) -> None:
    at_last = latest([*told, Scan(ShipmentStatus.DELIVERED, START)])
    assert at_last is not None
    assert at_last.kind is ShipmentStatus.DELIVERED


def test_a_second_try_at_the_door_follows_a_failed_one() -> None:
    tries = [
        Scan(ShipmentStatus.OUT_FOR_DELIVERY, START),
        Scan(ShipmentStatus.DELIVERY_FAILED, START + timedelta(hours=1)),
        Scan(ShipmentStatus.OUT_FOR_DELIVERY, START + timedelta(hours=20)),
    ]
    assert [latest(tries[: n + 1]) for n in range(3)] == tries
    assert latest([tries[1], tries[0]]) == tries[1]


parts = st.builds(
    ShipmentFacts, st.integers(1, 4), st.booleans(), st.lists(scans, max_size=3).map(tuple)
)
orders = st.lists(parts, max_size=3).flatmap(
    lambda shipments: st.builds(
        OrderFacts,
        over_the_counter=st.booleans(),
        ordered=st.just(sum(part.units for part in shipments)) | st.integers(1, 12),
        returned=st.integers(0, 4),
        total_minor=st.integers(0, 3),
        refunded_minor=st.integers(0, 3),
        cancelled=st.booleans(),
        shipments=st.just(tuple(shipments)),
    )
)


@given(orders, st.data())
def test_no_fact_that_is_added_moves_an_order_back(facts: OrderFacts, data: st.DataObject) -> None:
    more = data.draw(st.sampled_from(["scan", "return", "refund", "cancel"]))
    changed = facts
    if more == "scan" and facts.shipments:
        first, *rest = facts.shipments
        further = ShipmentFacts(first.units, True, (*first.scans, data.draw(scans)))
        changed = replace(facts, shipments=(further, *rest))
    elif more == "return":
        changed = replace(facts, returned=facts.returned + 1)
    elif more == "refund":
        changed = replace(facts, refunded_minor=facts.refunded_minor + 1)
    elif more == "cancel":
        changed = replace(facts, cancelled=True)
    assert ORDER.index(changed.status) >= ORDER.index(facts.status)


def _order(*shipments: ShipmentFacts, **facts: int | bool) -> OrderFacts:
    plain = {
        "over_the_counter": False,
        "ordered": 3,
        "returned": 0,
        "total_minor": 900,
        "refunded_minor": 0,
        "cancelled": False,
    }
    return OrderFacts(**{**plain, **facts}, shipments=shipments)  # type: ignore[arg-type]


def _part(units: int, *kinds: ShipmentStatus, packed: bool = False) -> ShipmentFacts:
    return ShipmentFacts(units, packed, tuple(Scan(kind, START) for kind in kinds))


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        (_order(), "placed"),
        (_order(ordered=0), "placed"),
        (_order(over_the_counter=True), "delivered"),
        (_order(_part(2)), "placed"),
        (_order(_part(2), _part(1, packed=True)), "allocated"),
        (_order(_part(3, packed=True)), "packed"),
        (_order(_part(3, ShipmentStatus.ANNOUNCED)), "packed"),
        (_order(_part(2, ShipmentStatus.DELIVERED), _part(1, ShipmentStatus.ACCEPTED)), "shipped"),
        (_order(_part(3, ShipmentStatus.SENT_BACK)), "shipped"),
        (_order(_part(3, ShipmentStatus.DELIVERED)), "delivered"),
        (_order(_part(3, ShipmentStatus.DELIVERED), returned=1), "partially_returned"),
        (_order(_part(3, ShipmentStatus.DELIVERED), returned=3), "returned"),
        (_order(refunded_minor=899), "placed"),
        (_order(refunded_minor=900), "refunded"),
        (_order(refunded_minor=900, cancelled=True), "cancelled"),
    ],
)
def test_an_order_is_as_far_as_its_slowest_unit(facts: OrderFacts, status: str) -> None:
    assert facts.status.value == status
