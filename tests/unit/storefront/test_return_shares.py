"""However the units of a line come back, all of them are given exactly what the line cost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from storefront_api.promotions.discounts import split
from storefront_api.returns.shares import of_first, share

amounts = st.integers(0, 10**12)
quantities = st.integers(1, 10**9)


@given(amounts, st.integers(1, 60))
def test_units_that_come_back_one_by_one_get_what_the_largest_remainder_gives_them(
    amount: int, quantity: int
) -> None:
    one_by_one = [share(amount, quantity, before, 1) for before in range(quantity)]
    assert sum(one_by_one) == amount
    if amount:
        assert one_by_one == split(amount, [amount] * quantity)


@st.composite
def parts(draw: st.DrawFn) -> list[int]:
    return draw(st.lists(st.integers(1, 10**8), min_size=1, max_size=8))


@given(amounts, amounts, parts())
def test_any_parts_get_together_exactly_list_less_discount(
    first: int, second: int, units: list[int]
) -> None:
    list_minor, discount_minor = max(first, second), min(first, second)
    quantity, before, refunded = sum(units), 0, 0
    for part in units:
        refund = share(list_minor, quantity, before, part) - share(
            discount_minor, quantity, before, part
        )
        assert refund >= 0
        before += part
        refunded += refund
    assert refunded == list_minor - discount_minor


@given(amounts, quantities, st.data())
def test_no_unit_gets_more_than_one_minor_unit_above_its_exact_share(
    amount: int, quantity: int, data: st.DataObject
) -> None:
    before = data.draw(st.integers(0, quantity - 1))
    assert share(amount, quantity, before, 1) * quantity - amount + quantity >= 0
    assert (share(amount, quantity, before, 1) - 1) * quantity < amount or not amount
    assert of_first(amount, quantity, quantity) == amount
