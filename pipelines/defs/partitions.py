"""Days, the partitions of everything that is computed from events."""

from __future__ import annotations

from datetime import date, timedelta

import dagster as dg


def daily(first_day: date) -> dg.DailyPartitionsDefinition:
    """Return one partition per UTC day, from the first day with events to yesterday."""
    return dg.DailyPartitionsDefinition(start_date=first_day.isoformat(), timezone="UTC")


def days_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> tuple[date, date]:
    """Return the days ``[start, end)`` that a run covers, whether one partition or a range."""
    keys = context.partition_key_range
    return date.fromisoformat(keys.start), date.fromisoformat(keys.end) + timedelta(days=1)
