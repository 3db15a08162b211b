"""What an order costs: whole minor units, whatever is ordered."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront_api.orders.pricing import MAX_MINOR, price_lines, stated_money
from storefront_api.orders.schemas import LineIn
from storefront_api.platform.errors import InvalidError
from storefront_api.pricing.repository import Price

UNITS = st.sampled_from(["each", "milli"])
PRICES = st.integers(0, 10_000_000)
QUANTITIES = st.integers(1, 10**6)


def sold(unit: str = "each", price: int = 199, currency: str = "USD") -> dict[str, Price]:
    return {"A": Price(unit, currency, price, "GROCERY", True, 0, [])}


def refused(
    lines: list[LineIn], catalogue: dict[str, Price], currency: str = "USD"
) -> InvalidError:
    with pytest.raises(InvalidError) as caught:
        price_lines(lines, catalogue, currency)
    return caught.value


@given(price=PRICES, quantity=QUANTITIES)
def test_pieces_cost_their_number_times_the_price(price: int, quantity: int) -> None:
    (line,) = price_lines([LineIn(sku="A", quantity=quantity)], sold(price=price), "USD")
    assert line.list_minor == line.total_minor == price * quantity
    assert line.discount_minor == 0


@given(price=PRICES, quantity=QUANTITIES)
def test_thousandths_cost_the_exact_share_rounded_to_the_nearest_unit(
    price: int, quantity: int
) -> None:
    (line,) = price_lines([LineIn(sku="A", quantity=quantity)], sold("milli", price), "USD")
    exact = Decimal(price * quantity) / 1000
    assert abs(line.list_minor - exact) <= Decimal("0.5")


@pytest.mark.parametrize(("price", "minor"), [(1, 0), (3, 2), (5, 2), (7, 4)])
def test_halves_are_rounded_to_even(price: int, minor: int) -> None:
    (line,) = price_lines([LineIn(sku="A", quantity=500)], sold("milli", price), "USD")
    assert line.list_minor == minor


@given(
    unit=UNITS,
    money=st.lists(
        st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=20
    ),
)
def test_stated_money_is_kept_and_every_line_is_what_remains(
    unit: str, money: list[tuple[int, int]]
) -> None:
    pairs = [(max(pair), min(pair)) for pair in money]
    lines = [LineIn(sku="A", quantity=0, list_minor=a, discount_minor=b) for a, b in pairs]
    priced = price_lines(lines, sold(unit), "USD")
    assert [(line.list_minor, line.discount_minor) for line in priced] == pairs
    assert sum(line.total_minor for line in priced) == sum(a - b for a, b in pairs)
    assert [line.line_number for line in priced] == list(range(1, len(pairs) + 1))


def test_every_wrong_line_is_named_with_its_field_and_rule() -> None:
    catalogue = sold() | {"B": Price("each", "EUR", 1, "GROCERY", True, 0, [])}
    catalogue["C"] = Price("each", "USD", 10**9, "GROCERY", True, 0, [])
    lines = [
        LineIn(sku="A", quantity=1),
        LineIn(sku="Z", quantity=1),
        LineIn(sku="B", quantity=1),
        LineIn(sku="A", quantity=0),
        LineIn(sku="A", quantity=1, discount_minor=200),
        LineIn(sku="A", quantity=10**9, list_minor=MAX_MINOR),
        LineIn(sku="C", quantity=10**9),
        LineIn(sku="Z", quantity=1),
    ]
    error = refused(lines, catalogue)
    assert error.problem.field == "body.lines.1.sku"
    assert [(d["field"], d["message"]) for d in error.problem.details] == [
        ("body.lines.1.sku", "there is no variant 'Z'"),
        ("body.lines.2.sku", "B is sold in EUR, the order is in USD"),
        ("body.lines.3.quantity", "must be at least 1"),
        ("body.lines.4.discount_minor", "must not exceed the list price, 199"),
        ("body.lines.6.quantity", f"costs more than {MAX_MINOR} minor units"),
        ("body.lines.7.sku", "there is no variant 'Z'"),
    ]


def test_a_line_and_a_sum_stay_within_what_an_event_can_carry() -> None:
    one = refused([LineIn(sku="A", quantity=10**9)], sold(price=10**9))
    assert one.problem.field == "body.lines.0.quantity"
    dear = LineIn(sku="A", quantity=0, list_minor=MAX_MINOR)
    assert price_lines([dear], sold(), "USD")[0].total_minor == MAX_MINOR
    assert refused([dear, dear], sold()).problem.field == "body.lines"


def test_lines_whose_money_is_stated_are_told_by_their_numbers() -> None:
    lines = [
        LineIn(sku="A", quantity=1),
        LineIn(sku="A", quantity=1, list_minor=5),
        LineIn(sku="A", quantity=1, discount_minor=0),
        LineIn(sku="A", quantity=1, list_minor=5, discount_minor=1),
    ]
    assert stated_money(lines) == {2, 3, 4}
