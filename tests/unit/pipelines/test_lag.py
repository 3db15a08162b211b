"""When a consumer that is behind is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipelines.lag import Behind, Lag, judge

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PATIENCE = timedelta(minutes=5)


def look(
    messages: int, known: dict[str, Behind], minutes: float
) -> tuple[dict[str, Behind], list[str]]:
    at = NOW + timedelta(minutes=minutes)
    behind, news = judge([Lag("sink", {"orders": messages})], known, 100, PATIENCE, at)
    return behind, [each.title for each in news]


def test_a_peak_that_passes_in_time_is_never_told() -> None:
    known: dict[str, Behind] = {}
    for minutes, messages in ((0, 101), (4, 900), (4.5, 100), (5, 101), (9.9, 101), (10, 0)):
        known, news = look(messages, known, minutes)
        assert news == []
    assert known == {}


def test_each_time_is_told_once_and_its_end_once() -> None:
    known: dict[str, Behind] = {}
    told = []
    for minutes, messages in (
        (0, 101),
        (5, 2101),
        (9, 500),
        (10, 99),
        (11, 0),
        (12, 101),
        (17, 102),
    ):
        known, news = look(messages, known, minutes)
        told += news
    assert told == [
        "sink is 2,101 messages behind",
        "sink keeps up again",
        "sink is 102 messages behind",
    ]


def test_the_topics_furthest_behind_are_named_first() -> None:
    lag = Lag("sink", {f"t{n}": n for n in range(1, 8)} | {"orders": 1234})
    assert str(lag) == "orders: 1,234, t7: 7, t6: 6, t5: 5, t4: 4, …"
    assert lag.messages == 1262
