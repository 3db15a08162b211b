"""A day's batch features replace the day before as a whole."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any

import pandas as pd
import pytest
import valkey

from models.features import ORDER_FRAUD, Source
from models.features.online import AS_OF, batch_key, decode_batch
from pipelines.stream.errors import StaleFeaturesError
from pipelines.stream.publish import publish_batch_features

NAMES = [feature.name for feature in ORDER_FRAUD.of(Source.BATCH)]
DAYS = (date(2017, 12, 28), date(2017, 12, 29))


def frame(value: float, shoppers: int = 50) -> pd.DataFrame:
    rows = [dict.fromkeys(NAMES, value) | {"subject": f"s{n}"} for n in range(shoppers)]
    return pd.DataFrame(rows)


def read(store: valkey.Valkey, subject: str) -> tuple[date | None, dict[str, float | None]]:
    fields: Any = store.hgetall(batch_key(subject))
    return decode_batch(fields)


def test_a_reader_never_sees_two_days_mixed(store: valkey.Valkey) -> None:
    by_day = {DAYS[0]: 28.0, DAYS[1]: 29.0}
    publish_batch_features(store, frame(28.0), DAYS[0])
    stop, seen = threading.Event(), set[tuple[object, ...]]()

    def watch() -> None:
        while not stop.is_set():
            day, values = read(store, "s7")
            seen.add((day, *values.values()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(20):
        publish_batch_features(store, frame(29.0), DAYS[1])
    stop.set()
    watcher.join()
    assert seen <= {(day, *[value] * len(NAMES)) for day, value in by_day.items()}
    assert read(store, "s7") == (DAYS[1], dict.fromkeys(NAMES, 29.0))


def test_a_value_that_went_missing_does_not_outlive_its_day(store: valkey.Valkey) -> None:
    publish_batch_features(store, frame(1.0, 1), DAYS[0])
    without = frame(2.0, 1).assign(days_since_last_order=None)
    published = publish_batch_features(store, without, DAYS[1])
    assert (published.as_of, published.shoppers) == (DAYS[1], 1)
    assert read(store, "s0")[1]["days_since_last_order"] is None
    fields: Any = store.hkeys(batch_key("s0"))
    assert set(fields) == {AS_OF, *NAMES}


def test_an_older_day_does_not_replace_a_later_one(store: valkey.Valkey) -> None:
    publish_batch_features(store, frame(29.0), DAYS[1])
    with pytest.raises(StaleFeaturesError, match="as_of"):
        publish_batch_features(store, frame(28.0), DAYS[0])
    assert read(store, "s0")[0] == DAYS[1]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (frame(1.0).drop(columns="refunds_90d"), "refunds_90d"),
        (frame(1.0).assign(subject="same"), "subject: 'same' occurs twice"),
        (frame(1.0, 1).assign(subject=""), "subject: must not be empty"),
        (frame(1.0).assign(as_of=DAYS[0]), "as_of: 50 rows"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused_before_anything_is_written(
    store: valkey.Valkey, wrong: pd.DataFrame, named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        publish_batch_features(store, wrong, DAYS[1])
    assert store.dbsize() == 0
