"""Which days late events dirty."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipelines.late_days import (
    RETRY_AFTER,
    SETTLED_AFTER,
    Build,
    Decision,
    Outcome,
    Touch,
    contiguous,
    decide,
)

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


FIRST_DAY = date(2017, 1, 1)
LATE = date(2017, 1, 10)
NOON = datetime(2017, 2, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def _decided(touched: datetime, *builds: Build, day: date = LATE, now: datetime = NOON) -> Decision:
    return decide([Touch(day, touched, touched)], builds, FIRST_DAY, now)


def _build(outcome: Outcome, watermark: datetime) -> Build:
    return Build(LATE, LATE, outcome, watermark, watermark)


def test_a_day_is_settled_only_when_a_build_has_all_that_was_ingested() -> None:
    touched = NOON - timedelta(hours=1)
    due = _decided(touched)
    assert due.ranges == [(LATE, LATE)]
    assert due.settled < touched
    older = _build("built", touched - MINUTE)
    assert _decided(touched, older).ranges == [(LATE, LATE)]
    done = _decided(touched, older, _build("built", touched))
    assert (done.ranges, done.settled) == ([], NOON - SETTLED_AFTER)


def test_a_day_waits_for_its_schedule_a_running_build_and_quiet_but_not_for_ever() -> None:
    yesterday = NOON.date() - timedelta(days=1)
    early = datetime(2017, 2, 1, 2, 59, tzinfo=UTC)
    left = _decided(early - timedelta(hours=5), day=yesterday, now=early)
    assert left.waiting == {yesterday: "it is left to the schedule"}
    assert left.settled < early - timedelta(hours=5)
    then = _decided(early - timedelta(hours=5), day=yesterday, now=early + MINUTE)
    assert then.ranges == [(yesterday, yesterday)]
    running = _decided(NOON - timedelta(hours=1), _build("running", NOON))
    assert running.waiting == {LATE: "it is being built"}
    restless = [Touch(LATE, NOON - n * MINUTE, NOON - n * MINUTE) for n in range(120)]
    assert decide(restless, [], FIRST_DAY, NOON).ranges == []
    assert decide(restless, [], FIRST_DAY, NOON + MINUTE).ranges == [(LATE, LATE)]


def test_each_failure_doubles_the_pause_until_a_success() -> None:
    touched = NOON - timedelta(days=1)
    failures = [_build("failed", NOON - n * RETRY_AFTER) for n in (1, 2)]
    assert _decided(touched, failures[0]).ranges == [(LATE, LATE)]
    assert _decided(touched, *failures).waiting == {LATE: "its build failed 2 times"}
    assert _decided(touched, *failures, now=NOON + RETRY_AFTER).ranges == [(LATE, LATE)]


def test_days_before_the_first_one_are_told_and_hold_nothing_up() -> None:
    decision = _decided(NOON - timedelta(hours=1), day=FIRST_DAY - timedelta(days=1))
    assert decision.before == [FIRST_DAY - timedelta(days=1)]
    assert (decision.ranges, decision.settled) == ([], NOON - SETTLED_AFTER)
