"""The footprint's arithmetic, in whole micrograms of CO2e.

It is that of dbt's fct_footprints, to the last digit; docs/carbon.md has the method, and a test
holds the two against each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

UG_PER_KG = 1_000_000_000
_SCALE = {"tonne.km": 1e12}


@dataclass(frozen=True)
class Factor:
    """What a unit of something emits.

    Parameters
    ----------
    unit
        Of the quantity: kg, tonne.km or kWh.
    ug_per_unit
        µg CO2e per kg, per kg and km, or per kWh.
    ln_sq
        Squared logarithm of its 95 % uncertainty factor.
    """

    factor_id: str
    kind: str
    unit: str
    ug_per_unit: int
    ln_sq: float


@dataclass(frozen=True)
class Emission:
    """A quantity times one factor: the figure and its 95 % interval, µg CO2e."""

    part: str
    leg: str
    stage: str
    factor_id: str
    method: str
    quantity: float
    unit: str
    co2e_ug: int
    low_ug: int
    high_ug: int

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What emissions have in common that may be added up."""
        return self.part, self.leg, self.stage, self.factor_id, self.method


def divided(dividend: int, divisor: int) -> int:
    """Return the quotient of two integers that are not negative, rounded half up."""
    return (2 * dividend + divisor) // (2 * divisor)


def emission(
    part: str,
    factor: Factor,
    mass_mg: int,
    thousandths: int,
    quantity_ln_sq: float,
    method: str,
    *,
    leg: str = "",
    stage: str = "",
) -> Emission:
    """Multiply a mass and what a thousandth of a unit is per kg of it with a factor.

    Parameters
    ----------
    mass_mg
        Mass, mg.
    thousandths
        m of way, Wh per kg, or thousandths of the mass.
    quantity_ln_sq
        Squared logarithm of the 95 % uncertainty factor of the quantity. Independent lognormal
        factors multiply to one whose squared logarithms add (GHG Protocol, Quantitative Inventory
        Uncertainty).
    """
    co2e_ug = divided(mass_mg * thousandths * factor.ug_per_unit, 1_000_000_000)
    spread_milli = round(1000 * math.exp(math.sqrt(quantity_ln_sq + factor.ln_sq)))
    return Emission(
        part=part,
        leg=leg,
        stage=stage,
        factor_id=factor.factor_id,
        method=method,
        quantity=mass_mg * thousandths / _SCALE.get(factor.unit, 1e9),
        unit=factor.unit,
        co2e_ug=co2e_ug,
        low_ug=divided(co2e_ug * 1000, spread_milli),
        high_ug=divided(co2e_ug * spread_milli, 1000),
    )


def added(emissions: Iterable[Emission]) -> list[Emission]:
    """Add up what has part, leg, stage, factor and method in common, in order of appearance."""
    sums: dict[tuple[str, ...], Emission] = {}
    for one in emissions:
        sums[one.key] = _plus(sums[one.key], one, 1) if one.key in sums else one
    return list(sums.values())


def less(emissions: Iterable[Emission], others: Iterable[Emission]) -> list[Emission]:
    """Return sums of emissions less those of others; what only others have is negative."""
    sums = {one.key: one for one in added(emissions)}
    for other in added(others):
        nothing = replace(other, quantity=0.0, co2e_ug=0, low_ug=0, high_ug=0)
        sums[other.key] = _plus(sums.get(other.key, nothing), other, -1)
    return list(sums.values())


def _plus(one: Emission, other: Emission, sign: int) -> Emission:
    return replace(
        one,
        quantity=one.quantity + sign * other.quantity,
        co2e_ug=one.co2e_ug + sign * other.co2e_ug,
        low_ug=one.low_ug + sign * other.low_ug,
        high_ug=one.high_ug + sign * other.high_ug,
    )


@dataclass(frozen=True)
class Goods:
    """A line of an order.

    Parameters
    ----------
    mass_mg
        Mass of the whole line; None if unknown.
    emissions
        Of its goods; empty without mass or factor.
    weight
        What the line counts for in the coverage: its list price, minor units.
    """

    mass_mg: int | None
    emissions: tuple[Emission, ...]
    weight: float


@dataclass(frozen=True)
class Footprint:
    """An order's emissions, and how much of it they cover, 0 to 1."""

    emissions: tuple[Emission, ...]
    coverage: float
    factor_set_version: str
    reasons: tuple[str, ...] = ()

    def kg(self, *parts: str) -> float:
        """Return the emissions of some parts, or of all, kg CO2e."""
        return sum(e.co2e_ug for e in self.emissions if not parts or e.part in parts) / UG_PER_KG

    @property
    def total_ug(self) -> int:
        """Sum of all parts, µg CO2e."""
        return sum(e.co2e_ug for e in self.emissions)

    @property
    def low_kg(self) -> float:
        """Sum of the lower ends: as if every error pointed the same way, kg CO2e."""
        return sum(e.low_ug for e in self.emissions) / UG_PER_KG

    @property
    def high_kg(self) -> float:
        """Sum of the upper ends, kg CO2e."""
        return sum(e.high_ug for e in self.emissions) / UG_PER_KG


def coverage_of(goods: Sequence[Goods]) -> float:
    """Return the share of the list price whose line has a mass and a factor, or of the lines."""
    whole = sum(g.weight for g in goods)
    if whole > 0:
        return sum(g.weight for g in goods if g.emissions) / whole
    return sum(bool(g.emissions) for g in goods) / len(goods) if goods else 0.0
