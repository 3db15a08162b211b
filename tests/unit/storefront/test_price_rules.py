"""Price rules: the best one counts, alone, and every line explains itself to the minor unit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront_api.events.orders import OrderLineV1, OrderLineV2
from storefront_api.events.parts import Unit
from storefront_api.ledger.tenders import Tender, allocate
from storefront_api.pricing.amounts import list_price
from storefront_api.pricing.explanation import explain
from storefront_api.pricing.rules import AppliedRule, PriceRule, apply_rules, off
from storefront_api.promotions.discounts import Discount, split
from storefront_api.taxes.arithmetic import taxed

RULES = st.builds(
    PriceRule,
    rule_id=st.sampled_from("abcd"),
    version=st.just(1),
    kind=st.sampled_from(["percent", "amount", "price"]),
    value=st.integers(0, 10_000),
    min_quantity=st.integers(1, 5),
)


def line(
    number: int, quantity: int = 1, price: int = 1000, sku: str = "", unit: Unit = Unit.EACH
) -> OrderLineV1:
    minor = list_price(quantity, unit, price)
    return OrderLineV1(
        line_number=number,
        sku=sku or f"A{number}",
        quantity=quantity,
        unit=unit,
        list_minor=minor,
        discount_minor=0,
        total_minor=minor,
    )


def final(lines: list[OrderLineV1]) -> list[OrderLineV2]:
    """Return lines whose price is final, of which 19 % of the price before tax are tax."""
    return taxed(lines, {each.sku: 1900 for each in lines})


def rule(rule_id: str = "r", **changed: Any) -> PriceRule:
    stated = {"version": 1, "kind": "percent", "value": 1000, "min_quantity": 1, **changed}
    return PriceRule(rule_id, **stated)


@pytest.mark.parametrize(
    ("kind", "value", "taken"),
    [
        ("percent", 1000, 200),
        ("percent", 10_000, 2000),
        ("percent", 0, 0),
        ("amount", 30, 60),
        ("amount", 5000, 2000),
        ("price", 900, 200),
        ("price", 0, 2000),
        ("price", 1000, 0),
        ("price", 1001, 0),
    ],
)
def test_a_rule_takes_its_part_off_and_never_adds_any(kind: str, value: int, taken: int) -> None:
    assert off(rule(kind=kind, value=value), 2, Unit.EACH, 2000) == taken


def test_prices_and_amounts_are_for_a_thousand_thousandths() -> None:
    assert off(rule(kind="price", value=900), 1500, Unit.MILLI, 1500) == 150
    assert off(rule(kind="amount", value=100), 500, Unit.MILLI, 500) == 50


@pytest.mark.parametrize(("minor", "taken"), [(5, 0), (15, 2), (25, 2), (35, 4)])
def test_half_units_of_a_percentage_go_to_the_even_one(minor: int, taken: int) -> None:
    assert off(rule(), 1, Unit.EACH, minor) == taken


def test_rules_do_not_stack_and_the_one_that_takes_the_most_counts() -> None:
    known = {"A1": [rule("ten"), rule("three", kind="amount", value=300), rule("five", value=500)]}
    (changed,), applied = apply_rules([line(1)], known)
    assert applied == [AppliedRule("three", 1, False, {1: 300})]
    assert (changed.discount_minor, changed.total_minor) == (300, 700)


def test_among_equals_the_first_by_id_counts_whatever_their_order() -> None:
    rules = [rule("b", version=7), rule("a", kind="amount", value=100), rule("c")]
    for known in (rules, rules[::-1]):
        _, applied = apply_rules([line(1)], {"A1": known})
        assert [each.rule_id for each in applied] == ["a"]


def test_a_tier_counts_the_product_s_lines_together() -> None:
    known = {"A": [rule("tier", kind="price", value=800, min_quantity=5)]}
    lines = [line(1, 3, sku="A"), line(2, 2, sku="A"), line(3, 5)]
    changed, applied = apply_rules(lines, known)
    assert applied == [AppliedRule("tier", 1, True, {1: 600, 2: 400})]
    assert [each.discount_minor for each in changed] == [600, 400, 0]
    assert apply_rules([line(1, 4, sku="A")], known)[1] == []


def test_lines_whose_money_is_stated_are_left_alone() -> None:
    known = {"A1": [rule()], "A2": [rule()]}
    changed, applied = apply_rules([line(1), line(2)], known, {1})
    assert applied == [AppliedRule("r", 1, False, {2: 100})]
    assert changed[0] == line(1)


def test_a_rule_that_takes_nothing_is_not_applied() -> None:
    changed, applied = apply_rules([line(1)], {"A1": [rule(value=0)]})
    assert (changed, applied) == ([line(1)], [])


def test_a_line_tells_every_step_in_the_order_of_application() -> None:
    money = {"discount_minor": 450, "total_minor": 550}
    lines = [line(1).model_copy(update=money), line(2, price=50)]
    shown = explain(
        final(lines),
        [AppliedRule("r", 3, False, {1: 100}), AppliedRule("t", 1, True, {1: 50})],
        [Discount("CODE-1", {1: 200})],
        [Tender("gift_card", "g", 60), Tender("points", "p/1", 6, 60)],
    )
    steps = [(s.kind, s.id, s.version, s.amount_minor) for s in shown[0].steps]
    assert steps == [
        ("stated", "", None, 100),
        ("rule", "r", 3, 100),
        ("tier", "t", 1, 50),
        ("code", "CODE-1", None, 200),
        ("gift_card", "g", None, 55),
        ("points", "p/1", None, 6),
    ]
    assert (shown[0].list_minor, shown[0].total_minor, shown[0].due_minor) == (1000, 550, 489)
    # Of what is paid, whoever pays it.
    assert [(each.tax_rate_bp, each.tax_minor) for each in shown] == [(1900, 88), (1900, 8)]
    assert [(s.kind, s.amount_minor) for s in shown[1].steps] == [("gift_card", 5)]
    assert (shown[1].sku, shown[1].quantity, shown[1].due_minor) == ("A2", 1, 45)


@given(data=st.data(), goods=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 10**6))))
def test_the_explanation_of_every_line_sums_to_what_is_paid(
    data: st.DataObject, goods: list[tuple[int, int]]
) -> None:
    lines = [line(n, quantity, price) for n, (quantity, price) in enumerate(goods, 1)]
    known = {each.sku: data.draw(st.lists(RULES, max_size=4)) for each in lines}
    changed, applied = apply_rules(lines, known)
    codes = []
    for code in data.draw(st.lists(st.sampled_from(["ONE", "TWO"]), unique=True)):
        weights = [each.total_minor for each in changed]
        minor = data.draw(st.integers(0, sum(weights)))
        shares = split(minor, weights)
        codes.append(Discount(code, {n: s for n, s in enumerate(shares, 1) if s}))
        changed = [
            each.model_copy(
                update={
                    "discount_minor": each.discount_minor + share,
                    "total_minor": each.total_minor - share,
                }
            )
            for each, share in zip(changed, shares, strict=True)
        ]
    total = sum(each.total_minor for each in changed)
    paid = allocate(total, data.draw(st.lists(st.integers(1, 10**6), max_size=3)))
    tenders = [Tender("gift_card", str(n), minor) for n, minor in enumerate(paid) if minor]
    shown = explain(final(changed), applied, codes, tenders)
    for each in shown:
        by_kind = {True: 0, False: 0}
        for step in each.steps:
            assert step.amount_minor > 0
            by_kind[step.kind in ("gift_card", "points")] += step.amount_minor
        assert each.list_minor - by_kind[False] == each.total_minor >= 0
        assert each.total_minor - by_kind[True] == each.due_minor >= 0
        assert not any(step.kind == "stated" for step in each.steps)
    assert sum(each.due_minor for each in shown) == total - sum(paid)
    for tender in tenders:
        steps = [s.amount_minor for e in shown for s in e.steps if s.id == tender.tender_id]
        assert sum(steps) == tender.amount_minor


def test_a_rule_from_two_on_is_a_tier() -> None:
    _, applied = apply_rules([line(1, quantity=2)], {"A1": [rule(min_quantity=2)]})
    assert [each.tier for each in applied] == [True]
    _, applied = apply_rules([line(1, quantity=2)], {"A1": [rule()]})
    assert [each.tier for each in applied] == [False]


def test_a_tender_pays_each_line_in_proportion() -> None:
    minor = [line(1, price=100), line(2, price=50)]
    told = explain(final(minor), [], [], [Tender("gift_card", "g", 30)])
    assert [(each.due_minor, [step.amount_minor for step in each.steps]) for each in told] == [
        (80, [20]),
        (40, [10]),
    ]
