"""Which days got events after they were last built, and are to be built again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal

QUIET_FOR = timedelta(minutes=10)
"""A touched day is rebuilt once no event has been written to it for so long."""
PATIENCE = timedelta(hours=2)
"""A day that never falls quiet is rebuilt when its first event has waited for so long."""
SETTLED_AFTER = timedelta(minutes=5)
"""What was stamped as ingested so long ago is in the tables by now, whoever inserted it."""
LEFT_TO_SCHEDULE = timedelta(hours=3)
"""So long after its end a day is the schedule's, which computes it after two hours."""
RETRY_AFTER = timedelta(minutes=15)
"""A day whose build failed is asked for again after this, then after twice this, and so on."""
LONGEST_RETRY = timedelta(days=1)

Outcome = Literal["built", "running", "failed"]


@dataclass(frozen=True)
class Touch:
    """Inserts of events of one day, within one minute.

    Parameters
    ----------
    day
        UTC day on which the events occurred.
    first, last
        When the first and the last of them were ingested.
    """

    day: date
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Build:
    """A run that computes the days ``[first_day, last_day]``.

    Parameters
    ----------
    watermark
        All events that were ingested up to then are in what it computed.
    ended
        When it ended; of a running one, when it was last heard of.
    """

    first_day: date
    last_day: date
    outcome: Outcome
    watermark: datetime
    ended: datetime

    def covers(self, day: date) -> bool:
        """Tell whether it computes a day."""
        return self.first_day <= day <= self.last_day


@dataclass
class Decision:
    """What follows from the touches.

    Parameters
    ----------
    ranges
        Days to build now, as ranges of neighbours, both ends included.
    waiting
        Days that are to be built later, each with the reason.
    before
        Days before the first one, which are not built on their own.
    settled
        Up to then every touch is in a build, or of days `before`; it need not be read again.
    """

    ranges: list[tuple[date, date]]
    settled: datetime
    waiting: dict[date, str] = field(default_factory=dict)
    before: list[date] = field(default_factory=list)


def contiguous(days: Sequence[date]) -> list[tuple[date, date]]:
    """Group sorted days into ranges of neighbours, both ends included."""
    if not days:
        return []
    breaks = [i for i, (a, b) in enumerate(pairwise(days), start=1) if b - a > timedelta(days=1)]
    edges = [0, *breaks, len(days)]
    return [(days[i], days[j - 1]) for i, j in pairwise(edges)]


def decide(
    touches: Sequence[Touch], builds: Sequence[Build], first_day: date, now: datetime
) -> Decision:
    """Return which days are to be built.

    Parameters
    ----------
    touches
        All since the last decision's `Decision.settled`.
    builds
        All that were begun since then.
    first_day
        First day that is computed on its own.
    now
        The current instant.
    """
    unbuilt: dict[date, list[Touch]] = {}
    for touch in touches:
        marks = [b.watermark for b in builds if b.outcome == "built" and b.covers(touch.day)]
        if not marks or touch.last > max(marks):
            unbuilt.setdefault(touch.day, []).append(touch)
    due = []
    decision = Decision([], now - SETTLED_AFTER)
    for day, missing in sorted(unbuilt.items()):
        if day < first_day:
            decision.before.append(day)
            continue
        first = min(touch.first for touch in missing)
        decision.settled = min(decision.settled, first - timedelta(milliseconds=1))
        last = max(touch.last for touch in missing)
        reason = _reason_to_wait(day, first, last, [b for b in builds if b.covers(day)], now)
        if reason:
            decision.waiting[day] = reason
        else:
            due.append(day)
    decision.ranges = contiguous(due)
    return decision


def _reason_to_wait(
    day: date, first: datetime, last: datetime, builds: Sequence[Build], now: datetime
) -> str:
    over = datetime.combine(day, time(), UTC) + timedelta(days=1)
    if now < over + LEFT_TO_SCHEDULE:
        return "it is left to the schedule"
    if any(build.outcome == "running" for build in builds):
        return "it is being built"
    if now - last < QUIET_FOR and now - first < PATIENCE:
        return "events still arrive"
    done = max((b.ended for b in builds if b.outcome == "built"), default=None)
    failed = [b.ended for b in builds if b.outcome == "failed" and (not done or b.ended > done)]
    if failed:
        pause = min(RETRY_AFTER * 2 ** min(len(failed) - 1, 10), LONGEST_RETRY)
        if now - max(failed) < pause:
            return f"its build failed {len(failed)} times"
    return ""
