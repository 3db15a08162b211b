"""Which days late events dirty."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.automation import contiguous

DAYS = st.sets(st.dates(date(2017, 1, 1), date(2017, 3, 1))).map(sorted)


def test_neighbouring_days_become_one_range() -> None:
    days = [date(2017, 1, 1), date(2017, 1, 2), date(2017, 1, 5)]
    assert contiguous(days) == [
        (date(2017, 1, 1), date(2017, 1, 2)),
        (date(2017, 1, 5), date(2017, 1, 5)),
    ]


@given(DAYS)
def test_the_ranges_hold_exactly_the_days(days: list[date]) -> None:
    ranges = contiguous(days)
    inside = [
        start + timedelta(days=n) for start, end in ranges for n in range((end - start).days + 1)
    ]
    assert inside == days


@given(DAYS)
def test_no_two_ranges_touch(days: list[date]) -> None:
    ranges = contiguous(days)
    assert all(b[0] - a[1] > timedelta(days=1) for a, b in zip(ranges, ranges[1:], strict=False))
