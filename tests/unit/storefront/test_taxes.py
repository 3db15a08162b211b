"""Value added tax: golden cases, and what holds for every price and every way of giving it back."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront_api.events.orders import OrderLineV1
from storefront_api.events.parts import Unit
from storefront_api.payments.lines import PaidLine, refunded_lines, tax_of
from storefront_api.taxes import arithmetic
from storefront_api.taxes.arithmetic import TaxOfRate, by_rate, included, taxed

MINOR = st.integers(0, 2**53 - 1)
RATES = st.integers(0, 10_000)


@pytest.mark.parametrize(
    ("total", "rate", "expected"),
    [
        (0, 1900, 0),
        (11900, 1900, 1900),
        (348, 700, 23),  # 22.77
        (199, 1900, 32),  # 31.77
        (3, 2000, 0),  # a half goes to the even 0
        (9, 2000, 2),  # 1.5 goes to the even 2
        (547, 0, 0),
        (1, 10_000, 0),
        (2**53 - 1, 10_000, 2**52),  # a half goes to the even one
    ],
)
def test_golden_taxes(total: int, rate: int, expected: int) -> None:
    assert included(total, rate) == expected


@given(MINOR, RATES)
def test_tax_is_the_price_less_the_price_before_tax_rounded_half_to_even(
    total: int, rate: int
) -> None:
    before_tax = Decimal(total) / (1 + Decimal(rate) / 10_000)
    tax = included(total, rate)
    assert 0 <= tax <= total
    assert abs(Decimal(total) - before_tax - tax) <= Decimal("0.5000001")


def line(number: int, total: int) -> OrderLineV1:
    return OrderLineV1(
        line_number=number,
        sku=f"sku-{number}",
        quantity=1,
        unit=Unit.EACH,
        list_minor=total + 5,
        discount_minor=5,
        total_minor=total,
    )


def test_a_line_is_taxed_on_what_is_paid_for_it_and_rates_add_up_to_the_order() -> None:
    rates = {"sku-1": 700, "sku-2": 1900, "sku-3": 700}
    lines = taxed([line(1, 348), line(2, 199), line(3, 100)], rates)
    assert [(each.tax_rate_bp, each.tax_minor) for each in lines] == [
        (700, 23),
        (1900, 32),
        (700, 7),
    ]
    assert by_rate(lines) == [TaxOfRate(700, 448, 30), TaxOfRate(1900, 199, 32)]
    assert arithmetic.tax_of(lines) == 62


def test_of_lines_whose_tax_nobody_computed_there_is_none() -> None:
    [known] = taxed([line(1, 348)], {"sku-1": 700})
    unknown = known.model_copy(update={"tax_minor": None})
    assert arithmetic.tax_of([unknown]) is None
    assert arithmetic.tax_of([unknown, known]) == 23
    assert by_rate([unknown, known]) == [TaxOfRate(700, 348, 23)]


@st.composite
def orders(draw: st.DrawFn) -> list[PaidLine]:
    totals = draw(st.lists(st.integers(0, 10**7), min_size=1, max_size=6))
    return [
        PaidLine(n, f"sku-{draw(st.integers(1, 3))}", total, included(total, draw(RATES)), 0)
        for n, total in enumerate(totals, 1)
    ]


STEPS = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.integers(1, 4),
        st.dictionaries(st.integers(1, 6), st.integers(0, 10**7)),
    ),
    max_size=6,
)


@given(orders(), STEPS)
def test_no_line_gives_back_more_than_its_tax_and_all_of_it_when_all_of_it_came_back(
    lines: list[PaidLine], steps: list[tuple[float, int, dict[int, int]]]
) -> None:
    back = dict.fromkeys((each.line_number for each in lines), 0)
    for part, sku, stated in [*steps, (1.0, 1, {})]:
        amount = round(sum(each.left_minor for each in lines) * part)
        borne = refunded_lines(lines, amount, frozenset({f"sku-{sku}"}), stated)
        assert sum(each.amount_minor for each in borne) == amount
        by_number = {each.line_number: each for each in borne}
        for number, told in by_number.items():
            assert told.tax_minor is not None
            assert 0 <= told.tax_minor <= told.amount_minor
            back[number] += told.tax_minor
        lines = [
            replace(
                each, refunded_minor=each.refunded_minor + by_number[each.line_number].amount_minor
            )
            if each.line_number in by_number
            else each
            for each in lines
        ]
        for each in lines:
            assert each.tax_minor is not None
            exact = Decimal(each.tax_minor * each.refunded_minor) / max(each.total_minor, 1)
            assert abs(back[each.line_number] - exact) <= Decimal("0.5")
            assert back[each.line_number] <= each.tax_minor
    assert back == {each.line_number: each.tax_minor for each in lines}


def test_what_nobody_computed_is_not_given_back_as_nothing() -> None:
    lines = [PaidLine(1, "a", 300, None, 0), PaidLine(2, "b", 100, None, 100)]
    borne = refunded_lines(lines, 300)
    assert [(each.line_number, each.amount_minor, each.tax_minor) for each in borne] == [
        (1, 300, None)
    ]
    assert tax_of(borne) is None
