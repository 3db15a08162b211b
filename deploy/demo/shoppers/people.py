"""The people: tastes, means, habits and devices, drawn once for a seed.

Each attribute has a stream of its own, and person ``i`` has its ``i``-th draws: a larger world has
the same first people, and an attribute more does not change the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from deploy.demo.shoppers.parameters import Parameters
from deploy.demo.shoppers.streams import Floats, name_of, stream

HUMAN, BOT, FRAUDSTER = 0, 1, 2
KINDS = ("human", "bot", "fraudster")
ABROAD = ("CA", "MX", "GB", "DE")
HOME = "US"
AREAS = 40
"""Postal areas around the store, equally peopled."""


@dataclass(frozen=True)
class People:
    """Arrays over persons.

    Parameters
    ----------
    kind
        `HUMAN`, `BOT` or `FRAUDSTER`.
    tastes
        Persons × factors, standard normal.
    price_sensitivity, green
        Weights of the price's logarithm and of sustainability in a person's utility.
    weekly_budget_minor
        What a person spends in a week at most, in cents.
    visits_per_day
        Mean before weekdays and promotions.
    chronotype_h
        Hours by which a person lives later than others.
    patience
        Multiplies the pages of a visit.
    devices, device_kinds
        How many a person has (1 to 3), and persons × 3 indices into the parameters' kinds.
    scenario
        Index of a fraudster's scenario; -1 for others.
    guise
        Index of a bot's guise; -1 for others.
    """

    seed: int
    kind: NDArray[np.int8]
    tastes: Floats
    price_sensitivity: Floats
    green: Floats
    weekly_budget_minor: NDArray[np.int64]
    visits_per_day: Floats
    chronotype_h: Floats
    patience: Floats
    devices: NDArray[np.int64]
    device_kinds: NDArray[np.int64]
    consent: NDArray[np.bool_]
    area: NDArray[np.int64]
    distance_km: Floats
    country: tuple[str, ...]
    scenario: NDArray[np.int64]
    guise: NDArray[np.int64]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.kind)

    def anonymous_id(self, person: int, device: int, visit: str = "") -> str:
        """Return the id in a device's cookie; fraudsters clear theirs before each visit."""
        fresh = visit if self.kind[person] == FRAUDSTER else ""
        return name_of(self.seed, "anon", person, device, fresh)

    def device_id(self, person: int, device: int, visit: str = "") -> str:
        """Return the pseudonym of a device."""
        fresh = visit if self.kind[person] == FRAUDSTER else ""
        return name_of(self.seed, "dev", person, device, fresh)


def _quantiles(seed: int, name: str, count: int) -> Floats:
    return stream(seed, "people", name).random(count)


def _chosen(draws: Floats, shares: list[float]) -> NDArray[np.int64]:
    edges = np.cumsum(shares) / np.sum(shares)
    return np.minimum(np.searchsorted(edges, draws, side="right"), len(shares) - 1)


def make_people(seed: int, count: int, parameters: Parameters) -> People:
    """Draw people by inverse distribution functions of uniform draws, one per attribute."""
    model = parameters.people

    def lognormal(name: str, median: float, sigma: float) -> Floats:
        drawn = stats.lognorm.ppf(_quantiles(seed, name, count), sigma, scale=median)
        return np.asarray(drawn, dtype=np.float64)

    fates = _quantiles(seed, "kind", count)
    kind = np.full(count, HUMAN, dtype=np.int8)
    kind[fates < model.bots] = BOT
    kind[(fates >= model.bots) & (fates < model.bots + model.fraudsters)] = FRAUDSTER
    scenarios = parameters.fraud.scenarios
    scenario = _chosen(_quantiles(seed, "scenario", count), [s.share for s in scenarios.values()])
    scenario[kind != FRAUDSTER] = -1
    guises = [guise.share for guise in parameters.bots.guises.values()]
    guise = _chosen(_quantiles(seed, "guise", count), guises)
    guise[kind != BOT] = -1
    visits = stats.gamma.ppf(
        _quantiles(seed, "visits", count),
        model.visits_per_day.shape,
        scale=model.visits_per_day.mean / model.visits_per_day.shape,
    )
    visits[kind == BOT] = parameters.bots.visits_per_day
    often = np.array([s.visits_per_day for s in scenarios.values()])
    visits[kind == FRAUDSTER] = often[scenario[kind == FRAUDSTER]]
    away = _quantiles(seed, "abroad", count)
    countries = [
        ABROAD[int(draw / model.abroad * len(ABROAD))] if draw < model.abroad else HOME
        for draw in away
    ]
    uniform = stream(seed, "people", "device kinds").random((count, 3))
    budget = model.weekly_budget_minor
    return People(
        seed=seed,
        kind=kind,
        tastes=stream(seed, "people", "tastes").standard_normal((count, model.factors)),
        price_sensitivity=lognormal(
            "price", model.price_sensitivity.median, model.price_sensitivity.sigma
        ),
        green=np.asarray(
            stats.beta.ppf(_quantiles(seed, "green", count), model.green.a, model.green.b)
        ),
        weekly_budget_minor=lognormal("budget", budget.median, budget.sigma).astype(np.int64),
        visits_per_day=np.asarray(visits),
        chronotype_h=np.asarray(
            stats.norm.ppf(_quantiles(seed, "chronotype", count), scale=model.chronotype_h)
        ),
        patience=lognormal("patience", 1.0, model.patience.sigma),
        devices=1 + _chosen(_quantiles(seed, "devices", count), model.devices),
        device_kinds=_chosen(uniform, list(model.kinds.values())),
        consent=_quantiles(seed, "consent", count) < model.consent,
        area=(_quantiles(seed, "area", count) * AREAS).astype(np.int64),
        distance_km=lognormal("distance", 5.0, 0.6),
        country=tuple(countries),
        scenario=scenario,
        guise=guise,
    )
