"""Answering with a frozen set of factors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from models.carbon.compute import Footprint, Goods, added, coverage_of, less
from models.carbon.factors import COLLECT, Category, FactorSet

FACTORS_FILE = "factors.json"
PRODUCTS_FILE = "products.json"
OWN_WAY = "the shopper's own way is outside the boundary: do not compare it with a delivery"


class Line(Protocol):
    """A line as a request states it: a product, or a category and a mass."""

    @property
    def sku(self) -> str | None:
        """The product."""

    @property
    def category(self) -> str | None:
        """The category, where no product is named."""

    @property
    def mass_grams(self) -> float | None:
        """Mass of one piece; the product's own if None."""

    @property
    def quantity(self) -> float:
        """Pieces, or thousandths where the product is sold so."""


@dataclass(frozen=True)
class Piece:
    """A line of an order of the warehouse."""

    sku: str | None
    quantity: float
    category: str | None = None
    mass_grams: float | None = None


class _Product(NamedTuple):
    department: str
    category: str
    mass_grams: float | None
    is_milli: bool
    price_minor: float
    materials: list[tuple[str, int]]
    """What the vendor declared; empty where the category stands for it."""


@dataclass(frozen=True)
class Alternative:
    """Another way to have the same goods."""

    changed: Literal["packaging", "delivery_mode", "consolidation"]
    packaging: str
    delivery_mode: str
    footprint: Footprint
    saved_ug: int
    note: str = ""


class UnknownNameError(ValueError):
    """A packaging or delivery mode that the set of factors does not have."""


class FootprintCalculator:
    """Computes footprints with one set of factors.

    Parameters
    ----------
    factors
        The set as `train` wrote it.
    products
        By sku: department, category, mass in grams or None, whether it is sold by the
        thousandth, price, declared materials.
    """

    def __init__(self, factors: Mapping[str, Any], products: Mapping[str, Sequence[Any]]) -> None:
        self._set = FactorSet(factors)
        self.version = self._set.version
        self._by_category: dict[str, tuple[str, str]] = {}
        for department, category in self._set.categories:
            self._by_category.setdefault(category, (department, category))
        self._products = products

    def footprint(
        self, *, lines: Sequence[Line], packaging: str, delivery_mode: str, distance_km: float
    ) -> Footprint:
        """Compute one order's footprint.

        Parameters
        ----------
        distance_km
            One way; the factors carry the average empty running already.

        Raises
        ------
        UnknownNameError
            If the packaging or the delivery mode is not one of the set's.
        """
        self._check(packaging, delivery_mode)
        reasons: list[str] = []
        goods = [self._goods(line, reasons) for line in lines]
        return self._of(goods, packaging, delivery_mode, distance_km, tuple(reasons))

    def alternatives(
        self,
        *,
        lines: Sequence[Line],
        packaging: str,
        delivery_mode: str,
        distance_km: float,
        open_order: Sequence[Line] = (),
    ) -> list[Alternative]:
        """Compute what the same order would emit with one thing changed, the least first.

        Parameters
        ----------
        open_order
            Lines of an order that was not sent yet and could go along. What both emit together
            less what that order emits alone is this order's.
        """
        self._check(packaging, delivery_mode)
        goods = [self._goods(line, []) for line in lines]
        asked = self._of(goods, packaging, delivery_mode, distance_km, ())
        found = []

        def add(changed: Any, pack: str, mode: str, other: Footprint) -> None:
            note = OWN_WAY if COLLECT in (mode, delivery_mode) and mode != delivery_mode else ""
            saved = asked.total_ug - other.total_ug
            found.append(Alternative(changed, pack, mode, other, saved, note))

        for pack in self._set.packaging:
            if pack != packaging:
                other = self._of(goods, pack, delivery_mode, distance_km, ())
                add("packaging", pack, delivery_mode, other)
        for mode in self._set.legs:
            if mode != delivery_mode:
                other = self._of(goods, packaging, mode, distance_km, ())
                add("delivery_mode", packaging, mode, other)
        if open_order:
            waiting = [self._goods(line, []) for line in open_order]
            both = self._of([*goods, *waiting], packaging, delivery_mode, distance_km, ())
            alone = self._of(waiting, packaging, delivery_mode, distance_km, ())
            marginal = tuple(less(both.emissions, alone.emissions))
            other = Footprint(marginal, asked.coverage, self.version)
            add("consolidation", packaging, delivery_mode, other)
        return sorted(found, key=lambda one: one.footprint.total_ug)

    def _check(self, packaging: str, delivery_mode: str) -> None:
        if packaging not in self._set.packaging:
            names = ", ".join(self._set.packaging)
            raise UnknownNameError(f"packaging: must be one of {names}")
        if delivery_mode not in self._set.legs:
            raise UnknownNameError(f"delivery_mode: must be one of {', '.join(self._set.legs)}")

    def _of(
        self,
        goods: Sequence[Goods],
        packaging: str,
        mode: str,
        distance_km: float,
        reasons: tuple[str, ...],
    ) -> Footprint:
        goods_mg = sum(g.mass_mg for g in goods if g.mass_mg is not None)
        whole = self._set.order(goods_mg, packaging, mode, round(1000 * distance_km))
        emissions = added([*(e for g in goods for e in g.emissions), *whole])
        return Footprint(tuple(emissions), coverage_of(goods), self.version, reasons)

    def _goods(self, line: Line, reasons: list[str]) -> Goods:
        known = self._products.get(line.sku or "")
        product = _Product(*known) if known else None
        key = (product.department, product.category) if product else None
        if key is None and line.category is not None:
            key = self._by_category.get(line.category)
        category = self._set.categories.get(key) if key else None
        category = category or Category("", None, None)
        materials = product.materials if product else []
        method = "declared_materials" if materials else "category_average"
        if not materials and category.factor_id:
            materials = [(category.factor_id, 1000)]
        name = line.sku or line.category or ""
        if not materials:
            reasons.append(f"{name}: no factor")
        grams = line.mass_grams
        if grams is None and product is not None:
            grams = product.mass_grams
        is_stated = grams is not None and (
            category.max_grams is None or grams <= category.max_grams
        )
        if not is_stated:
            grams = category.typical_grams
            reasons.append(f"{name}: {'no' if grams is None else 'typical'} mass")
        per_unit = 1 if product and product.is_milli else 1000
        mass_mg = None if grams is None else round(grams * line.quantity * per_unit)
        emissions = (
            self._set.goods(mass_mg, materials, method, stated=is_stated)
            if mass_mg is not None
            else []
        )
        weight = product.price_minor * line.quantity * per_unit / 1000 if product else 0.0
        return Goods(mass_mg, tuple(emissions), weight)


def load(files: Mapping[str, bytes], _: Mapping[str, Any]) -> FootprintCalculator:
    """Return the calculator of an artifact.

    Raises
    ------
    KeyError
        If a file or a part of it is missing.
    """
    return FootprintCalculator(json.loads(files[FACTORS_FILE]), json.loads(files[PRODUCTS_FILE]))
