"""A set of factors and assumptions, and what an order emits by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.carbon.compute import Emission, Factor, divided, emission

COLLECT = "collect"
"""The delivery mode whose way is the shopper's own, and outside the boundary."""


@dataclass(frozen=True)
class Category:
    """What stands for the products of a category."""

    factor_id: str
    typical_grams: float | None
    max_grams: float | None


@dataclass(frozen=True)
class Packaging:
    """A kind of packaging: its material, mass and capacity of a piece, trips that share it."""

    factor_id: str
    piece_mg: int
    capacity_mg: int
    trips: int


@dataclass(frozen=True)
class Leg:
    """A part of a way, for one stage of its emissions; lengths in m."""

    leg: str
    from_m: int
    to_m: int | None
    last_m: int | None
    stage: str
    factor_id: str

    def length_m(self, way_m: int) -> int:
        """Return how much of a way is this leg; 0 if the way does not have it."""
        if way_m < self.from_m or (self.to_m is not None and way_m >= self.to_m):
            return 0
        if self.leg == "last_mile":
            return way_m if self.last_m is None else min(way_m, self.last_m)
        return max(0, way_m - (self.last_m or 0))


class FactorSet:
    """One set.

    Parameters
    ----------
    content
        What `models.carbon.train` froze.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.version = str(content["factor_set_version"])
        self.factors = {row[0]: Factor(*row) for row in content["factors"]}
        self.quality: dict[str, float] = dict(content["quality"])
        self.categories = {(d, c): Category(*row) for d, c, *row in content["categories"]}
        self.ends: dict[str, str] = dict(content["end_of_life"])
        self.packaging = {
            name: Packaging(factor_id, round(1000 * grams), round(1e6 * capacity), int(trips))
            for name, factor_id, grams, capacity, trips in content["packaging"]
        }
        self.handling = [(stage, int(wh), factor) for stage, wh, factor in content["handling"]]
        self.legs: dict[str, list[Leg]] = {COLLECT: []}
        for mode, leg, from_km, to_km, last_km, stage, factor_id in content["legs"]:
            entry = Leg(
                leg, _metres(from_km) or 0, _metres(to_km), _metres(last_km), stage, factor_id
            )
            self.legs.setdefault(mode, []).append(entry)

    def goods(
        self, mass_mg: int, materials: Sequence[tuple[str, int]], method: str, *, stated: bool
    ) -> list[Emission]:
        """Return what a mass of goods emits until it is in the store, and as waste.

        Parameters
        ----------
        materials
            Factors, and of how many thousandths of the mass.
        method
            declared_materials or category_average.
        stated
            Whether the mass is the product's own.
        """
        share = "share_declared" if method == "declared_materials" else "share_category"
        mass = "mass_stated" if stated else "mass_typical"
        ln_sq = self.quality[mass] + self.quality[share]
        found = []
        for factor_id, thousandths in materials:
            factor = self.factors[factor_id]
            found.append(emission("product", factor, mass_mg, thousandths, ln_sq, method))
            if end := self.ends.get(factor_id):
                waste = self.factors[end]
                found.append(
                    emission("end_of_life", waste, mass_mg, thousandths, ln_sq, "goods_recycled")
                )
        return found

    def order(self, goods_mg: int, packaging: str, mode: str, way_m: int) -> list[Emission]:
        """Return what an order emits as a whole: packaging, store, way and waste of packaging."""
        pack = self.packaging[packaging]
        pieces = max(1, -(-goods_mg // pack.capacity_mg))
        pack_mg = pieces * pack.piece_mg
        use_mg = divided(pack_mg, pack.trips)
        found = []
        if pack.factor_id:
            ln_sq, factor = self.quality["packaging"], self.factors[pack.factor_id]
            found.append(emission("packaging", factor, use_mg, 1000, ln_sq, "material_mass"))
            if end := self.ends.get(pack.factor_id):
                waste, how = self.factors[end], "packaging_recycled"
                found.append(emission("end_of_life", waste, use_mg, 1000, ln_sq, how))
        ln_sq = self.quality["mass_of_order"] + self.quality["handling"]
        for stage, wh_per_kg, factor_id in self.handling:
            factor, how = self.factors[factor_id], "energy_by_mass"
            found.append(
                emission("warehouse", factor, goods_mg, wh_per_kg, ln_sq, how, stage=stage)
            )
        ln_sq = self.quality["mass_of_order"] + self.quality["way_stated"]
        for leg in self.legs[mode]:
            if length_m := leg.length_m(way_m):
                found.append(
                    emission(
                        "transport",
                        self.factors[leg.factor_id],
                        goods_mg + pack_mg,
                        length_m,
                        ln_sq,
                        "way_stated",
                        leg=leg.leg,
                        stage=leg.stage,
                    )
                )
        return found


def _metres(km: float | None) -> int | None:
    return None if km is None else round(1000 * km)
