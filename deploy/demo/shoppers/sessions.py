"""Who comes when: the visits of a day, from the seed alone.

A person's visits of a day are a Poisson number whose mean is the person's own times the weekday's
factor and that of promotions; their hours follow the day's profile, shifted by the person's habit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from deploy.demo.shoppers.parameters import Parameters, PromotionModel
from deploy.demo.shoppers.people import BOT, People
from deploy.demo.shoppers.streams import Floats, name_of, stream

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MOST_VISITS = 8
"""Of one person on one day."""
BEGINS = datetime(2018, 1, 8, tzinfo=UTC)
"""The first day unless another is stated: the Monday after the replayed year."""


@dataclass(frozen=True)
class Visit:
    """A session that somebody begins.

    Parameters
    ----------
    number
        Of the person on that day.
    device
        Which of the person's devices.
    at_ms
        Epoch milliseconds.
    pages
        Pages that it has at most, if nothing ends it.
    """

    session_id: str
    person: int
    day: int
    number: int
    device: int
    at_ms: int
    pages: int


def running(parameters: Parameters, day: int) -> PromotionModel | None:
    """Return the promotion of a day, if there is one."""
    for promotion in parameters.promotions:
        since = day - promotion.first_day
        if since >= 0 and since % promotion.every_days < promotion.days:
            return promotion
    return None


def _counts(people: People, parameters: Parameters, day: int, weekday: int) -> NDArray[np.int64]:
    promotion = running(parameters, day)
    factors = np.full(len(people), parameters.visits.weekdays[weekday])
    if promotion is not None:
        factors *= promotion.uplift
    factors[people.kind == BOT] = 1.0
    draws = stream(people.seed, "visits", "counts", day).random(len(people))
    counts = stats.poisson.ppf(draws, people.visits_per_day * factors)
    return np.asarray(np.minimum(counts, MOST_VISITS), dtype=np.int64)


def _starts(draws: Floats, shift_h: Floats, hours: Floats, bots: NDArray[np.bool_]) -> Floats:
    """Return hours of the day in [0, 24) by the inverse of the hours' distribution function."""
    edges = np.concatenate([[0.0], np.cumsum(hours) / hours.sum()])
    drawn = np.interp(draws, edges, np.arange(len(hours) + 1, dtype=np.float64))
    # Programs come at any time of the day.
    return np.asarray(np.where(bots, draws * 24.0, (drawn + shift_h) % 24.0))


def visits_of_day(
    people: People, parameters: Parameters, begins: datetime, day: int
) -> list[Visit]:
    """Return the visits of a day, counted from 0, in order of their start."""
    model = parameters.visits
    midnight_ms = int(begins.timestamp()) * 1000 + day * DAY_MS
    counts = _counts(people, parameters, day, (begins.weekday() + day) % 7)
    # Always the same number of draws for each person: nobody shifts the numbers of another.
    draws = stream(people.seed, "visits", "draws", day).random((len(people), MOST_VISITS, 3))
    came = np.flatnonzero(counts)
    persons = np.repeat(came, counts[came])
    numbers = np.concatenate([np.arange(n) for n in counts[came]]) if len(came) else came
    own = draws[persons, numbers]
    bots = people.kind[persons] == BOT
    hours = _starts(own[:, 0], people.chronotype_h[persons], np.array(model.hours), bots)
    devices = (own[:, 1] ** 2 * people.devices[persons]).astype(np.int64)
    mean, shape = model.pages.mean * people.patience[persons], model.pages.shape
    pages = np.ceil(stats.invgauss.ppf(own[:, 2], mean / shape, scale=shape))
    pages = np.clip(pages, 1, model.most_pages)
    pages[bots] = parameters.bots.pages
    found = [
        Visit(
            session_id=name_of(people.seed, "ses", int(person), day, int(number)),
            person=int(person),
            day=day,
            number=int(number),
            device=int(device),
            at_ms=midnight_ms + int(hour * HOUR_MS),
            pages=int(most),
        )
        for person, number, device, hour, most in zip(
            persons, numbers, devices, hours, pages, strict=True
        )
    ]
    return sorted(found, key=lambda visit: (visit.at_ms, visit.session_id))


def visits(people: People, parameters: Parameters, begins: datetime, days: int) -> Iterator[Visit]:
    """Yield all visits in order of their start."""
    for day in range(days):
        yield from visits_of_day(people, parameters, begins, day)
