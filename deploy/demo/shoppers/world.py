"""What a run's visits share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from deploy.demo.shoppers.catalogue import Catalogue
from deploy.demo.shoppers.journal import Journal
from deploy.demo.shoppers.parameters import Parameters
from deploy.demo.shoppers.people import People
from deploy.demo.shoppers.sessions import DAY_MS
from deploy.demo.shoppers.timeline import Timeline
from deploy.demo.shoppers.wire import Asks

STORE_ID = "WEB"


@dataclass(frozen=True)
class Code:
    """A promotion code and when it holds, epoch milliseconds, the end exclusive."""

    code: str
    begins_ms: int
    ends_ms: int
    percent: int
    aware: float


@dataclass(frozen=True)
class Packing:
    """What a piece of packaging costs, its deposit included, and the goods that it holds."""

    piece_minor: int
    capacity_grams: int

    def cost_minor(self, grams: int) -> int:
        """Return what packing goods costs: a piece for each capacity begun, and one at least."""
        return max(1, -(-grams // self.capacity_grams)) * self.piece_minor


@dataclass
class World:
    """A world that is being acted out.

    Parameters
    ----------
    packings
        What goods can be packed in; what is not in it is free.
    spent
        What each person has spent in each week, in minor units.
    counts
        What has happened so far, by name.
    """

    people: People
    parameters: Parameters
    catalogue: Catalogue
    begins: datetime
    days: int
    journal: Journal
    store: Asks
    provider: Asks
    timeline: Timeline
    codes: Sequence[Code] = ()
    packings: Mapping[str, Packing] = field(default_factory=dict)
    spent: Counter[tuple[int, int]] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def begins_ms(self) -> int:
        """The first instant, epoch milliseconds."""
        return int(self.begins.timestamp()) * 1000

    @property
    def ends_ms(self) -> int:
        """The first instant after the last day."""
        return self.begins_ms + self.days * DAY_MS

    def week(self, at_ms: int) -> int:
        """Return the week of an instant, counted from the first day."""
        return (at_ms - self.begins_ms) // (7 * DAY_MS)

    def left_minor(self, person: int, at_ms: int) -> int:
        """Return what a person may still spend this week."""
        spent = self.spent[person, self.week(at_ms)]
        return int(self.people.weekly_budget_minor[person]) - spent

    def code_at(self, at_ms: int) -> Code | None:
        """Return the code that holds at an instant."""
        return next((c for c in self.codes if c.begins_ms <= at_ms < c.ends_ms), None)
