"""The footprint's arithmetic, in kg and kg CO2e.

The formula is that of dbt's mart_order_footprint, whose description states it; a test holds the
two against each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Goods:
    """A line of an order.

    Parameters
    ----------
    mass_kg
        Mass of the whole line; None if unknown.
    kg_co2e_per_kg
        Factor of its category; None if it has none.
    weight
        What the line counts for in the coverage: its list price, minor units.
    """

    mass_kg: float | None
    kg_co2e_per_kg: float | None
    weight: float


@dataclass(frozen=True)
class Packaging:
    """A kind of packaging: mass and capacity of a piece, trips that share it, its factor."""

    kg_each: float
    capacity_kg: float
    trips: float
    kg_co2e_per_kg: float


@dataclass(frozen=True)
class Footprint:
    """An order's emissions in kg CO2e, and how much of it they cover, 0 to 1."""

    product_kg: float
    packaging_kg: float
    transport_kg: float
    coverage: float
    factor_set_version: str
    reasons: tuple[str, ...] = ()

    @property
    def total_kg(self) -> float:
        """Sum of the three parts."""
        return self.product_kg + self.packaging_kg + self.transport_kg


def coverage_of(goods: Sequence[Goods]) -> float:
    """Return the share of the list price whose line has a mass and a factor, or of the lines."""
    covered = [g.mass_kg is not None and g.kg_co2e_per_kg is not None for g in goods]
    whole = sum(g.weight for g in goods)
    if whole > 0:
        return (
            sum(g.weight for g, is_covered in zip(goods, covered, strict=True) if is_covered)
            / whole
        )
    return sum(covered) / len(covered) if covered else 0.0


def footprint(
    goods: Sequence[Goods],
    packaging: Packaging,
    kg_co2e_per_kg_km: float,
    distance_km: float,
    factor_set_version: str,
    reasons: tuple[str, ...] = (),
) -> Footprint:
    """Compute one order's footprint.

    Parameters
    ----------
    kg_co2e_per_kg_km
        Of the way to the shopper, direct and well-to-tank together.
    distance_km
        One way; the factor carries the average empty running already.
    """
    product_kg = sum(
        g.mass_kg * g.kg_co2e_per_kg
        for g in goods
        if g.mass_kg is not None and g.kg_co2e_per_kg is not None
    )
    goods_kg = sum(g.mass_kg for g in goods if g.mass_kg is not None)
    pieces = max(1, math.ceil(goods_kg / packaging.capacity_kg))
    pack_kg = pieces * packaging.kg_each
    return Footprint(
        product_kg=product_kg,
        packaging_kg=pack_kg / packaging.trips * packaging.kg_co2e_per_kg,
        transport_kg=(goods_kg + pack_kg) * distance_km * kg_co2e_per_kg_km,
        coverage=coverage_of(goods),
        factor_set_version=factor_set_version,
        reasons=reasons,
    )
