"""Which warehouses an order is sent from: as few as can be, and of those the nearest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import asin, cos, inf, radians, sin, sqrt

EARTH_KM = 6371.0088
"""Mean radius of the earth (IUGG): https://doi.org/10.1007/s001900050278."""
EXACT = 3
"""Up to so many warehouses the fewest are found; beyond, the fullest is taken again and again."""

Spot = tuple[float, float]
"""Latitude and longitude in degrees."""
Units = Mapping[str, int]
"""How much of each thing."""


@dataclass(frozen=True)
class Place:
    """A warehouse that may be sent from.

    Parameters
    ----------
    priority
        The lower, the sooner, where distance does not decide.
    spot
        None if nobody has said where it is.
    """

    warehouse_id: str
    priority: int
    spot: Spot | None


def distance_km(one: Spot, other: Spot) -> float:
    """Return the great-circle distance by the haversine formula, in kilometres."""
    (latitude, longitude), (to_latitude, to_longitude) = (
        (radians(spot[0]), radians(spot[1])) for spot in (one, other)
    )
    half = (
        sin((to_latitude - latitude) / 2) ** 2
        + cos(latitude) * cos(to_latitude) * sin((to_longitude - longitude) / 2) ** 2
    )
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))


def ranked(places: Iterable[Place], goal: Spot | None) -> list[str]:
    """Return warehouses in the order in which they are preferred.

    Parameters
    ----------
    goal
        Where it is sent to. None if that is unknown: then priority decides. Warehouses that
        nobody has placed come after those that are placed.
    """

    def rank(place: Place) -> tuple[float, int, str]:
        away = inf
        if goal is None:
            away = 0.0
        elif place.spot is not None:
            away = distance_km(goal, place.spot)
        return away, place.priority, place.warehouse_id

    return [place.warehouse_id for place in sorted(places, key=rank)]


def choose(
    wanted: Units, free: Mapping[str, Units], preferred: Sequence[str]
) -> dict[tuple[str, str], int]:
    """Choose from where units are taken.

    The fewest warehouses that have everything together; of as few, those with the most preferred
    one, then with the most preferred second one. If all of them together have less than is
    wanted, what there is.

    Parameters
    ----------
    wanted
        Units of each thing.
    free
        Units of each thing in each warehouse.
    preferred
        The warehouses that may be taken from, the best first.

    Returns
    -------
    Units by thing and warehouse.
    """
    stocked = [w for w in preferred if any(_has(free, w, sku) > 0 for sku in wanted)]
    left = dict(wanted)
    taken: dict[tuple[str, str], int] = {}
    for warehouse in _fewest(wanted, free, stocked):
        for sku in sorted(left):
            units = min(left[sku], _has(free, warehouse, sku))
            if units > 0:
                taken[sku, warehouse] = units
                left[sku] -= units
    return taken


def _has(free: Mapping[str, Units], warehouse: str, sku: str) -> int:
    return free.get(warehouse, {}).get(sku, 0)


def _fewest(wanted: Units, free: Mapping[str, Units], stocked: Sequence[str]) -> list[str]:
    def enough(some: Sequence[str]) -> bool:
        return all(sum(_has(free, w, sku) for w in some) >= wanted[sku] for sku in wanted)

    if enough(stocked):
        for size in range(min(EXACT, len(stocked)) + 1):
            for some in combinations(stocked, size):
                if enough(some):
                    return list(some)
    return _fullest_first(wanted, free, stocked)


def _fullest_first(wanted: Units, free: Mapping[str, Units], stocked: Sequence[str]) -> list[str]:
    left, waiting, chosen = dict(wanted), list(stocked), list[str]()

    def brings(warehouse: str) -> int:
        return sum(min(left[sku], _has(free, warehouse, sku)) for sku in left)

    while waiting:
        best = max(waiting, key=brings)
        if not brings(best):
            break
        chosen.append(best)
        waiting.remove(best)
        left = {sku: max(0, units - _has(free, best, sku)) for sku, units in left.items()}
    return chosen
