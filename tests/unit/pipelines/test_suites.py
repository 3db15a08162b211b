"""Suites are data, and bad data is named."""

from __future__ import annotations

import pytest

from pipelines.quality.suites import SuiteError, _parse, load_suites

GOOD = """
boundary: raw_in
table: raw.orders
day: toDate(occurred_at)
columns: event_id
expectations:
  - expect_column_values_to_be_unique: {column: event_id}
"""


def test_every_suite_that_ships_can_be_read() -> None:
    suites = load_suites()
    assert len(suites) >= 6
    assert all(suite.expectations for suite in suites.values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("boundary: raw_in", "boundary: elsewhere"), "boundary must be one of"),
        (("columns: event_id", "colums: event_id"), "has the fields"),
        (("expect_column_values_to_be_unique", "unique"), "is no expectation type"),
        (("{column: event_id}", "{column: event_id}\n    more: {}"), "must each be one"),
    ],
)
def test_a_bad_suite_is_refused_by_field(change: tuple[str, str], message: str) -> None:
    with pytest.raises(SuiteError, match=message):
        _parse("orders", GOOD.replace(*change))
