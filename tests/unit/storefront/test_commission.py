"""Commission: golden cases, and what holds for every order and every way of undoing it."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront_api.marketplace.commission.arithmetic import (
    Line,
    Share,
    commission,
    returned,
    shares,
)

MINOR = st.integers(0, 2**53 - 1)
RATES = st.integers(0, 10_000)


@pytest.mark.parametrize(
    ("sale", "rate", "expected"),
    [
        (0, 1250, 0),
        (500, 1250, 62),  # 62.5 goes to the even 62
        (500, 1270, 64),  # 63.5 goes to the even 64
        (1999, 1000, 200),  # 199.9
        (1, 4999, 0),
        (1, 5000, 0),  # a half goes to the even 0
        (3, 5000, 2),  # 1.5 goes to the even 2
        (1, 5001, 1),
        (2**53 - 1, 10_000, 2**53 - 1),
        (2**53 - 1, 0, 0),
    ],
)
def test_golden_commissions(sale: int, rate: int, expected: int) -> None:
    assert commission(sale, rate) == expected


@given(MINOR, RATES)
def test_a_commission_is_the_exact_product_rounded_half_to_even(sale: int, rate: int) -> None:
    exact = Decimal(sale) * rate / 10_000
    assert commission(sale, rate) == int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))


def line(
    number: int, sale: int, rate: int, *, undone: int = 0, vendor: str = "v-1", sku: str = ""
) -> Line:
    return Line(number, vendor, sku or f"sku-{number}", sale, commission(sale, rate), undone)


def test_golden_reversals() -> None:
    # 12.5 % of 1,000 in three steps: each is the rounded whole so far, less what was there before.
    steps = [(333, 42), (333, 41), (334, 42)]
    undone = 0
    for sale, expected in steps:
        assert returned(line(1, 1000, 1250, undone=undone), sale) == expected
        undone += sale
    assert sum(expected for _, expected in steps) == 125


def borne(found: list[Share]) -> dict[int, int]:
    return {share.line.line_number: share.sale_minor for share in found}


def test_a_refund_is_borne_in_proportion_unless_it_says_for_what_it_is() -> None:
    lines = [line(1, 600, 1000), line(2, 300, 1000, vendor="v-2"), line(3, 100, 1000)]
    assert borne(shares(lines, 100)) == {1: 60, 2: 30, 3: 10}
    assert borne(shares(lines, 100, frozenset({"sku-2"}))) == {2: 100}
    assert borne(shares(lines, 450, frozenset({"sku-2"}))) == {1: 129, 2: 300, 3: 21}
    assert borne(shares(lines, 100, stated={3: 70})) == {1: 19, 2: 10, 3: 71}
    assert borne(shares(lines, 100, frozenset({"sku-2"}), {3: 100})) == {3: 100}


def test_what_exceeds_the_sale_is_borne_by_no_vendor() -> None:
    lines = [line(1, 600, 1000, undone=500), line(2, 300, 1000, undone=300)]
    assert borne(shares(lines, 1000)) == {1: 100}
    assert shares([line(1, 600, 1000, undone=600)], 5) == []


@st.composite
def orders(draw: st.DrawFn) -> list[Line]:
    sales = draw(st.lists(st.integers(0, 10**6), min_size=1, max_size=6))
    return [
        line(n + 1, sale, draw(RATES), vendor=draw(st.sampled_from(["v-1", "v-2"])))
        for n, sale in enumerate(sales)
    ]


STEPS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6)), max_size=6)


@given(orders(), STEPS)
def test_whatever_the_steps_undoing_all_of_an_order_returns_all_of_its_commission(
    lines: list[Line], steps: list[tuple[float, int]]
) -> None:
    total = sum(each.sale_minor for each in lines)
    back = dict.fromkeys((each.line_number for each in lines), 0)
    left = total
    for part, number in [*steps, (1.0, 0)]:
        amount = round(left * part)
        skus = frozenset({f"sku-{number}"})
        found = shares(lines, amount, skus)
        assert sum(share.sale_minor for share in found) == amount
        for share in found:
            assert 0 <= share.commission_minor <= share.line.commission_minor
            back[share.line.line_number] += share.commission_minor
        undone = borne(found)
        lines = [
            Line(
                each.line_number,
                each.vendor_id,
                each.sku,
                each.sale_minor,
                each.commission_minor,
                each.undone_minor + undone.get(each.line_number, 0),
            )
            for each in lines
        ]
        for each in lines:
            exact = (
                Decimal(each.commission_minor) * each.undone_minor / each.sale_minor
                if each.sale_minor
                else Decimal(0)
            )
            assert abs(back[each.line_number] - exact) <= Decimal("0.5")
        left -= amount
    assert back == {each.line_number: each.commission_minor for each in lines}


def test_a_stated_line_bears_what_is_left_of_it_and_unknown_ones_nothing() -> None:
    order = [line(1, 100, 0, undone=70), line(2, 100, 0)]
    borne = shares(order, 80, stated={1: 50, 9: 5})
    assert {share.line.line_number: share.sale_minor for share in borne} == {1: 30, 2: 50}
    borne = shares(order, 20, stated={1: 50})
    assert {share.line.line_number: share.sale_minor for share in borne} == {1: 20}
    borne = shares(order, 40, stated={2: 10})
    assert {share.line.line_number: share.sale_minor for share in borne} == {1: 8, 2: 32}
