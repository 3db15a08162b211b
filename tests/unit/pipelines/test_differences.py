"""Two sides of the same money: what differs is named."""

from __future__ import annotations

from pipelines.reconciling import Side, compared


def test_what_is_missing_or_differs_on_either_side_is_named() -> None:
    outcome = compared(
        "orders",
        "marts.fct_orders",
        [("1", "order 1", 100), ("2", "order 2", 200), ("3", "order 3", 0)],
        [("1", "order 1", 100), ("2", "order 2", 201), ("4", "order 4", 5)],
    )
    assert not outcome.equal
    assert [str(difference) for difference in outcome.differences] == [
        "order 2: 200 in the ledger, 201 in the marts",
        "order 3: 0 in the ledger, nothing in the marts",
        "order 4: nothing in the ledger, 5 in the marts",
    ]
    assert (outcome.ledger, outcome.marts) == (Side(3, 300), Side(3, 306))


def test_what_differs_is_seen_where_the_sums_are_equal() -> None:
    ledger = [("1", "order 1", 1), ("2", "order 2", 3)]
    outcome = compared("orders", "marts.fct_orders", ledger, [("1", "a", 2), ("2", "b", 2)])
    assert outcome.ledger == outcome.marts
    assert len(outcome.differences) == 2


def test_a_name_that_one_side_has_twice_counts_with_its_sum() -> None:
    twice = [("1", "order 1", 100), ("1", "order 1", 100)]
    (difference,) = compared("x", "marts.x", [("1", "order 1", 100)], twice).differences
    assert (difference.ledger, difference.marts) == (100, 200)
