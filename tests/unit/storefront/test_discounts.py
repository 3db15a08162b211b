"""What promotion codes take off: to the minor unit, explained line by line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from storefront_api.events.orders import OrderLineV1
from storefront_api.events.parts import Unit
from storefront_api.platform.errors import InvalidError
from storefront_api.promotions.discounts import Discount, apply, split

AT = datetime(2017, 12, 24, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=30)


def lines(*minor: int) -> list[OrderLineV1]:
    return [
        OrderLineV1(
            line_number=n,
            sku=f"A{n}",
            quantity=1,
            unit=Unit.EACH,
            list_minor=price,
            discount_minor=0,
            total_minor=price,
        )
        for n, price in enumerate(minor, 1)
    ]


def promotion(code: str = "ALL", **changed: Any) -> dict[str, dict[str, Any]]:
    stated = {
        "code": code,
        "kind": "percent",
        "value": 1000,
        "currency": "USD",
        "department": "",
        "min_total_minor": 0,
        "starts_at": AT,
        "ends_at": None,
        "stackable": True,
        **changed,
    }
    return {code: stated}


def applied(
    goods: list[OrderLineV1], known: dict[str, dict[str, Any]], at: datetime = AT
) -> tuple[list[OrderLineV1], list[Discount]]:
    departments = {line.sku: "DAIRY" if line.line_number % 2 else "MEAT" for line in goods}
    return apply(goods, departments, list(known), known, "USD", at)


@given(weights=WEIGHTS, share=st.floats(0, 1))
def test_the_parts_add_up_and_none_exceeds_its_weight(weights: list[int], share: float) -> None:
    amount = int(sum(weights) * share)
    parts = split(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert 0 <= part <= weight
        assert abs(part * sum(weights) - amount * weight) < max(1, sum(weights))


def test_the_largest_remainder_gets_the_last_unit_and_the_first_of_equals() -> None:
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(10, [5, 14, 81]) == [1, 1, 8]
    assert split(0, [0, 0]) == [0, 0]


@given(
    prices=st.lists(st.integers(1, 10**7), min_size=5, max_size=20),
    codes=st.lists(
        st.tuples(st.sampled_from(["percent", "amount"]), st.integers(100, 5_000)),
        min_size=1,
        max_size=5,
    ),
)
def test_an_order_explains_its_price_line_by_line(
    prices: list[int], codes: list[tuple[str, int]]
) -> None:
    known: dict[str, dict[str, Any]] = {}
    for n, (kind, value) in enumerate(codes):
        known |= promotion(f"CODE-{n}", kind=kind, value=value)
    try:
        paid, discounts = applied(lines(*prices), known)
    except InvalidError:
        # The codes before it left nothing that it could take.
        reject()
    assert [discount.code for discount in discounts] == list(known)
    for before, after in zip(lines(*prices), paid, strict=True):
        off = sum(discount.by_line.get(after.line_number, 0) for discount in discounts)
        assert after.discount_minor == off
        assert after.total_minor == before.total_minor - off >= 0
        assert after.list_minor == before.list_minor


def test_codes_apply_one_after_another_to_what_is_left() -> None:
    known = promotion("TENTH") | promotion("FIVE", kind="amount", value=500)
    _, (tenth, five) = applied(lines(1000, 3000), known)
    assert tenth.by_line == {1: 100, 2: 300}
    assert five.by_line == {1: 125, 2: 375}


def test_a_fixed_amount_never_takes_more_than_the_goods_cost() -> None:
    paid, (discount,) = applied(lines(30, 20), promotion(kind="amount", value=500))
    assert discount.amount_minor == 50
    assert [line.total_minor for line in paid] == [0, 0]


def test_a_department_s_code_leaves_other_lines_alone() -> None:
    paid, (discount,) = applied(lines(1000, 1000, 500), promotion(department="DAIRY"))
    assert discount.by_line == {1: 100, 3: 50}
    assert paid[1].discount_minor == 0


@pytest.mark.parametrize(("total", "off"), [(5, 0), (15, 2), (25, 2), (35, 4)])
def test_half_units_are_rounded_to_even(total: int, off: int) -> None:
    goods, known = lines(total), promotion(value=1000)
    if off:
        assert applied(goods, known)[1][0].amount_minor == off
    else:
        with pytest.raises(InvalidError, match="takes nothing off"):
            applied(goods, known)


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"starts_at": AT + HOUR}, "ALL starts at 2017-12-24T01:00:00"),
        ({"ends_at": AT}, "ALL ended at 2017-12-24T00:00:00"),
        ({"currency": "EUR"}, "is for orders in EUR"),
        ({"min_total_minor": 1001}, "needs goods for 1001 minor units"),
        ({"department": "FISH"}, "needs goods of FISH"),
    ],
)
def test_a_code_whose_conditions_are_not_met_is_refused_by_rule(
    changed: dict[str, Any], rule: str
) -> None:
    with pytest.raises(InvalidError, match=rule) as refused:
        applied(lines(1000), promotion(**changed))
    assert refused.value.problem.field == "body.promotion_codes.0"


def test_a_code_may_stand_alone_unless_it_says_otherwise() -> None:
    known = promotion("OPEN") | promotion("ALONE", stackable=False)
    with pytest.raises(InvalidError, match="ALONE cannot be used together") as refused:
        applied(lines(1000), known)
    assert refused.value.problem.field == "body.promotion_codes.1"
    assert applied(lines(1000), promotion("ALONE", stackable=False))[1][0].amount_minor == 100


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(InvalidError, match="there is no promotion NOTHING"):
        apply(lines(100), {"A1": ""}, ["NOTHING"], {}, "USD", AT)


def test_goods_for_the_least_amount_are_enough() -> None:
    paid, _ = applied(lines(300, 200), promotion(min_total_minor=500))
    assert sum(line.total_minor for line in paid) == 450
    with pytest.raises(InvalidError) as caught:
        applied(lines(300, 199), promotion(min_total_minor=500))
    assert caught.value.problem.field == "body.promotion_codes.0"


def test_a_refusal_names_the_code_by_its_place() -> None:
    goods = lines(100)
    known = promotion("FIRST") | promotion("NOTHING", value=1)
    with pytest.raises(InvalidError, match="NOTHING takes nothing off") as caught:
        applied(goods, known)
    assert caught.value.problem.field == "body.promotion_codes.1"
    with pytest.raises(InvalidError, match="there is no promotion GONE") as caught:
        apply(goods, {"A1": "DAIRY"}, ["FIRST", "GONE"], promotion("FIRST"), "USD", AT)
    assert caught.value.problem.field == "body.promotion_codes.1"
