"""Publish a day's batch features to the online store."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd
import valkey

from models.features import ORDER_FRAUD, Source
from models.features.online import BATCH_AS_OF_KEY, batch_key, encode_batch
from pipelines.stream.errors import StaleFeaturesError

CHUNK_SHOPPERS = 1000
BATCH_TTL = timedelta(days=35)
"""A shopper whose history no longer gets published is forgotten after this long."""


@dataclass(frozen=True)
class Published:
    """What was written: the day, and how many shoppers."""

    as_of: date
    shoppers: int


def publish_batch_features(client: valkey.Valkey, frame: pd.DataFrame, as_of: date) -> Published:
    """Write the batch features of every shopper as of the start of a day.

    One HSET replaces a shopper's day as a whole, so a reader never sees two days mixed; different
    shoppers change one after another. Publishing the same day again replaces it.

    Parameters
    ----------
    frame
        One row per subject: `subject`, the batch features of ORDER_FRAUD, and, if present,
        `as_of`, which must be the day everywhere.
    as_of
        The day at whose start the features are as of.

    Raises
    ------
    ValueError
        If a column is missing, a subject is empty or occurs twice, or a row is of another day.
    StaleFeaturesError
        If a later day is already published.
    """
    names = [feature.name for feature in ORDER_FRAUD.of(Source.BATCH)]
    _check(frame, names, as_of)
    latest: Any = client.get(BATCH_AS_OF_KEY)
    if latest and date.fromisoformat(_text(latest)) > as_of:
        raise StaleFeaturesError(f"as_of: {as_of} is before {_text(latest)}, already published")
    subjects = frame["subject"].tolist()
    rows = frame[names].astype("float64").to_numpy(na_value=math.nan).tolist()
    for first in range(0, len(subjects), CHUNK_SHOPPERS):
        pipe: Any = client.pipeline(transaction=False)
        chunk = slice(first, first + CHUNK_SHOPPERS)
        for subject, row in zip(subjects[chunk], rows[chunk], strict=True):
            key = batch_key(subject)
            pipe.hset(key, mapping=encode_batch(as_of, dict(zip(names, row, strict=True))))
            pipe.expire(key, BATCH_TTL)
        pipe.execute()
    client.set(BATCH_AS_OF_KEY, as_of.isoformat())
    return Published(as_of, len(subjects))


def _check(frame: pd.DataFrame, names: list[str], as_of: date) -> None:
    missing = sorted({"subject", *names} - set(frame.columns))
    if missing:
        raise ValueError(f"{', '.join(missing)}: the frame has no such column")
    subjects = frame["subject"]
    if subjects.isna().any() or (subjects == "").any():
        raise ValueError("subject: must not be empty")
    if subjects.duplicated().any():
        raise ValueError(f"subject: {subjects[subjects.duplicated()].iloc[0]!r} occurs twice")
    if "as_of" in frame.columns:
        other = pd.to_datetime(frame["as_of"]).dt.date != as_of
        if other.any():
            raise ValueError(f"as_of: {int(other.sum())} rows are not of {as_of}")


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
