"""A year of seasons alarms hardly ever; what is broken on purpose is found."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import chain

import numpy as np
import pandas as pd
import pytest

from pipelines.quality.anomalies import HISTORY, Judgement, judge
from pipelines.quality.monitors import Monitor, load_monitors, parse_monitor
from pipelines.quality.suites import SuiteError

YEAR = (date(2024, 12, 30), date(2026, 1, 1))
RATE = 1 / 200
"""Of days and keys that may alarm without anything being wrong."""
MONITORS = {monitor.name: monitor for monitor in load_monitors()}
TYPES = {"product_viewed": 6000.0, "product_added": 900.0, "products_searched": 250.0, "rare": 4.0}
GOOD = """
table: raw.orders
kind: count
query: SELECT 1
tolerance: 0.4
error_beyond: 20
accepted:
  - {day: "12-25", reason: Closed.}
  - {since: 2026-02-01, until: 2026-02-03, reason: Moving.}
"""


def year(seed: int, counts: bool) -> pd.DataFrame:
    """Return a year with weekdays, a season, a Christmas trade that doubles, and chance."""
    random = np.random.default_rng(seed)
    days = pd.date_range(*YEAR, inclusive="left")
    weekday = np.array([1.0, 0.95, 1.0, 1.05, 1.2, 1.5, 1.4])[days.day_of_week]
    turn = 2 * np.pi * days.day_of_year.to_numpy() / 365
    christmas = 1 + np.clip(days.day_of_year.to_numpy() - 315, 0, 40) / 40
    shape = weekday * (1 + 0.3 * np.sin(turn)) * christmas
    frames = []
    for key, usual in TYPES.items():
        noise = random.lognormal(0, 0.06, len(days))
        value = random.poisson(usual * shape * noise) if counts else usual * weekday * noise
        frames.append(pd.DataFrame({"day": days.date, "key": key, "value": value}))
    return pd.concat(frames, ignore_index=True)


def judged(monitor: str, numbers: pd.DataFrame, start: date, end: date) -> list[Judgement]:
    return list(chain.from_iterable(judge(MONITORS[monitor], numbers, start, end).values()))


@pytest.mark.parametrize(("monitor", "counts"), [("clicks_by_type", True), ("mean_basket", False)])
def test_a_year_of_seasons_alarms_hardly_ever(monitor: str, counts: bool) -> None:
    found = [
        each
        for seed in range(3)
        for each in judged(monitor, year(seed, counts), YEAR[0] + HISTORY, YEAR[1])
    ]
    assert len(found) > 3_000
    assert sum(each.is_anomaly for each in found) <= RATE * len(found)
    assert not any(each.is_error for each in found)


BREAKS = [
    ("clicks_by_type", "product_added", 0.5, False),
    ("clicks_by_type", "product_viewed", 2.0, False),
    ("clicks_by_type", "products_searched", 0.0, True),
    ("mean_basket", "product_added", 2.0, False),
    ("mean_basket", "product_added", 100.0, True),
]


@pytest.mark.parametrize(("monitor", "key", "times", "is_error"), BREAKS)
def test_a_broken_day_is_found_on_nine_of_ten_days_and_alone(
    monitor: str, key: str, times: float, is_error: bool
) -> None:
    usual = year(7, counts=monitor == "clicks_by_type")
    days = [YEAR[0] + HISTORY + timedelta(days=n) for n in range(0, 290, 29)]
    found = 0
    for day in days:
        broken = (usual["day"] == day) & (usual["key"] == key)
        numbers = usual.assign(value=usual["value"].where(~broken, usual["value"] * times))
        if times == 0.0:
            numbers = numbers[~broken]
        of_day = judged(monitor, numbers, day, day + timedelta(days=1))
        odd = [each for each in of_day if each.is_anomaly]
        assert {each.key for each in odd} <= {key}
        found += [each.is_error for each in odd] == [is_error]
    assert found >= 9


def test_the_day_after_an_anomaly_is_none() -> None:
    day = date(2025, 9, 10)
    usual = year(3, counts=True)
    numbers = usual.assign(value=usual["value"].where(usual["day"] != day, usual["value"] // 10))
    found = judged("clicks_by_type", numbers, day, day + timedelta(days=22))
    assert {each.day for each in found if each.is_anomaly} == {day}


def test_a_young_store_is_not_judged_and_an_accepted_day_is_told() -> None:
    usual = year(3, counts=True)
    young = usual[usual["day"] >= date(2025, 11, 20)]
    assert judged("clicks_by_type", young, date(2025, 12, 1), date(2025, 12, 24)) == []
    closed = usual[usual["day"] != date(2025, 12, 25)]
    found = judged("clicks_by_type", closed, date(2025, 12, 25), date(2025, 12, 26))
    views = [each for each in found if each.key == "product_viewed"]
    assert [(each.value, each.is_anomaly) for each in views] == [(0.0, False)]
    assert views[0].low > 1000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("kind: count", "kind: sum"), "kind must be one of count, level"),
        (("tolerance: 0.4", "tolerance: some"), "tolerance must be a number above 0"),
        (("error_beyond: 20", "error_beyond: 1"), "error_beyond must be a number above 1"),
        (("12-25", "Christmas"), "accepted must each be"),
        (("until: 2026-02-03", "until: 2026-02-01"), "of which the second is later"),
        (("query: SELECT 1", "sql: SELECT 1"), "a monitor has the fields"),
    ],
)
def test_a_bad_monitor_is_refused_by_field(change: tuple[str, str], message: str) -> None:
    with pytest.raises(SuiteError, match=message):
        parse_monitor("orders", GOOD.replace(*change))


def test_days_are_accepted_each_year_or_once() -> None:
    monitor = parse_monitor("orders", GOOD)
    once = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 2), date(2026, 2, 3)]
    assert [monitor.accepts(day) for day in once] == [False, True, True, False]
    assert monitor.accepts(date(2025, 12, 25))
    assert not monitor.accepts(date(2027, 2, 1))


def test_what_ships_can_be_read() -> None:
    assert isinstance(MONITORS["topic_rows"], Monitor)
    assert MONITORS["topic_rows"].of_each_raw_table
