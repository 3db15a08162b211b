"""What attribution should come to, worked out order by order with exact fractions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import groupby, permutations
from math import factorial
from uuid import UUID

from tests.integration.dbt.shopping import Visit

WINDOW = timedelta(days=30)
HALF_LIFE = timedelta(days=7)
RULES = ("first", "last", "linear", "time_decay", "position")
Path = tuple[str, ...]


def told(visits: Sequence[Visit]) -> list[Visit]:
    """Return the visits that say where they come from, or all if none does."""
    return [visit for visit in visits if visit.channel != "direct"] or list(visits)


def touchpoints(
    visits: Sequence[Visit], person: str, at: datetime, *, with_bots: bool
) -> list[Visit]:
    """Return the visits that an order is credited to."""
    return told(
        [
            visit
            for visit in sorted(visits, key=lambda v: (v.started_at, v.session))
            if visit.person == person
            and at - WINDOW <= visit.started_at <= at
            and (with_bots or not visit.is_bot)
        ]
    )


def weights(rule: str, ages: Sequence[timedelta]) -> list[Fraction]:
    """Return what each visit weighs."""
    last = len(ages) - 1
    if rule == "first":
        return [Fraction(place == 0) for place in range(len(ages))]
    if rule == "last":
        return [Fraction(place == last) for place in range(len(ages))]
    if rule == "linear":
        return [Fraction(1)] * len(ages)
    if rule == "time_decay":
        return [Fraction(round(1e6 * 0.5 ** (age / HALF_LIFE))) for age in ages]
    if last < 2:
        return [Fraction(1)] * len(ages)
    between = Fraction(20, last - 1)
    return [Fraction(40) if place in (0, last) else between for place in range(len(ages))]


def split(amount: int, by: dict[str, Fraction]) -> dict[str, int]:
    """Split an amount by the largest remainder."""
    whole = sum(by.values())
    exact = {name: amount * weight / whole for name, weight in by.items()}
    parts = {name: int(value) for name, value in exact.items()}
    ranked = sorted(exact, key=lambda name: (parts[name] - exact[name], name))
    for name in ranked[: amount - sum(parts.values())]:
        parts[name] += 1
    return parts


def credited(
    visits: Sequence[Visit], *, with_bots: bool
) -> dict[tuple[UUID, str], tuple[int, ...]]:
    """Return the credits of each order and channel: one for each rule, and the visits."""
    found: dict[tuple[UUID, str], tuple[int, ...]] = {}
    for buyer in visits:
        for order_id, (at, total) in buyer.orders.items():
            touched = touchpoints(visits, buyer.person, at, with_bots=with_bots)
            if not touched:
                found[order_id, "unknown"] = (total,) * len(RULES) + (0,)
                continue
            by_rule = []
            for rule in RULES:
                by: dict[str, Fraction] = defaultdict(Fraction)
                each = weights(rule, [at - visit.started_at for visit in touched])
                for visit, weight in zip(touched, each, strict=True):
                    by[visit.channel] += weight
                by_rule.append(split(total, by))
            for name, count in Counter(visit.channel for visit in touched).items():
                found[order_id, name] = (*(parts[name] for parts in by_rule), count)
    return found


def journeys(visits: Sequence[Visit], *, with_bots: bool) -> dict[Path, tuple[int, int, int]]:
    """Return orders, what was paid, and people without an order, of each path."""
    found: defaultdict[Path, list[int]] = defaultdict(lambda: [0, 0, 0])

    def path(touched: Sequence[Visit]) -> Path:
        return tuple(name for name, _ in groupby(visit.channel for visit in touched))

    instants = defaultdict(list)
    for buyer in visits:
        for at, total in buyer.orders.values():
            instants[buyer.person].append(at)
            touched = touchpoints(visits, buyer.person, at, with_bots=with_bots)
            if touched:
                found[path(touched)][0] += 1
                found[path(touched)][1] += total
    for person in {visit.person for visit in visits}:
        vain = told(
            [
                visit
                for visit in sorted(visits, key=lambda v: (v.started_at, v.session))
                if visit.person == person
                and (with_bots or not visit.is_bot)
                and not any(at - WINDOW <= visit.started_at <= at for at in instants[visit.person])
            ]
        )
        if vain:
            found[path(vain)][2] += 1
    return {path: (counts[0], counts[1], counts[2]) for path, counts in found.items()}


def shapley(paths: dict[Path, tuple[int, int, int]]) -> dict[str, Fraction]:
    """Return each channel's mean contribution over every order in which channels can join."""
    channels = sorted({channel for path in paths for channel in path})
    sets: Counter[frozenset[str]] = Counter()
    for path, (orders, _, _) in paths.items():
        sets[frozenset(path)] += orders
    gained: dict[str, int] = dict.fromkeys(channels, 0)
    for joining in permutations(channels):
        present: set[str] = set()
        before = 0
        for channel in joining:
            present.add(channel)
            now = sum(orders for needed, orders in sets.items() if needed <= present)
            gained[channel] += now - before
            before = now
    return {name: Fraction(gain, factorial(len(channels))) for name, gain in gained.items()}


def markov(paths: dict[Path, tuple[int, int, int]]) -> dict[str, float]:
    """Return each channel's removal effect, by sending people step by step until nobody is left."""
    flows: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for path, (orders, _, without) in paths.items():
        for before, after in zip(("start", *path), path, strict=False):
            flows[before][after] += orders + without
        flows[path[-1]]["order"] += orders
        flows[path[-1]]["nothing"] += without

    def chance(removed: str) -> float:
        people, bought = {"start": 1.0}, 0.0
        while sum(people.values()) > 1e-14:
            arriving: defaultdict[str, float] = defaultdict(float)
            for state, share in people.items():
                whole = sum(flows[state].values())
                for after, count in flows[state].items():
                    if after == "order":
                        bought += share * count / whole
                    elif after not in ("nothing", removed):
                        arriving[after] += share * count / whole
            people = arriving
        return bought

    channels = sorted({channel for path in paths for channel in path})
    return {channel: 1 - chance(channel) / chance("") for channel in channels}
