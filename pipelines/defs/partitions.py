"""Days, the partitions of everything that is computed from events."""

from __future__ import annotations

from datetime import date, timedelta

import dagster as dg

BEGINNING = date(1970, 1, 1)


def daily(first_day: date) -> dg.DailyPartitionsDefinition:
    """Return one partition per UTC day, up to yesterday.

    The first one stands for all time until its end: history that was there before the daily work
    began is loaded once, not as thousands of days of which each would be recorded for every asset.
    """
    return dg.DailyPartitionsDefinition(start_date=first_day.isoformat(), timezone="UTC")


def days_of(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext,
    partitions: dg.PartitionsDefinition[str],
) -> tuple[date, date]:
    """Return the days ``[start, end)`` that a run covers, whether one partition or a range."""
    keys = context.partition_key_range
    first = partitions.get_first_partition_key()
    start = BEGINNING if keys.start == first else date.fromisoformat(keys.start)
    return start, date.fromisoformat(keys.end) + timedelta(days=1)
