"""Answering with a frozen set of factors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from models.carbon.compute import Footprint, Goods, Packaging, footprint

FACTORS_FILE = "factors.json"
PRODUCTS_FILE = "products.json"


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
class _Product:
    department: str
    category: str
    mass_grams: float | None
    per_unit: float
    price_minor: float


class UnknownNameError(ValueError):
    """A packaging or delivery mode that the set of factors does not have."""


class FootprintCalculator:
    """Computes footprints with one set of factors.

    Parameters
    ----------
    factors
        `categories`, `packaging` and `delivery` as `train` wrote them, and the set's version.
    products
        By sku: department, category, mass in grams or None, units per quantity, price.
    """

    def __init__(self, factors: Mapping[str, Any], products: Mapping[str, Sequence[Any]]) -> None:
        self.version = str(factors["factor_set_version"])
        self._categories = {(d, c): (f, t, m) for d, c, f, t, m in factors["categories"]}
        self._by_category: dict[str, tuple[str, str]] = {}
        for department, category in self._categories:
            self._by_category.setdefault(category, (department, category))
        self._packaging = {name: Packaging(*values) for name, *values in factors["packaging"]}
        self._delivery = {name: float(value) for name, value in factors["delivery"]}
        self._products = products

    def footprint(
        self,
        *,
        lines: Sequence[Line],
        packaging: str,
        delivery_mode: str,
        distance_km: float,
    ) -> Footprint:
        """Compute one order's footprint.

        Raises
        ------
        UnknownNameError
            If the packaging or the delivery mode is not one of the set's.
        """
        if packaging not in self._packaging:
            raise UnknownNameError(f"packaging: must be one of {', '.join(self._packaging)}")
        if delivery_mode not in self._delivery:
            raise UnknownNameError(f"delivery_mode: must be one of {', '.join(self._delivery)}")
        reasons: list[str] = []
        goods = [self._goods(line, reasons) for line in lines]
        return footprint(
            goods,
            self._packaging[packaging],
            self._delivery[delivery_mode],
            distance_km,
            self.version,
            tuple(reasons),
        )

    def _goods(self, line: Line, reasons: list[str]) -> Goods:
        known = self._products.get(line.sku or "")
        product = _Product(*known) if known else None
        key = (product.department, product.category) if product else None
        if key is None and line.category is not None:
            key = self._by_category.get(line.category)
        factor, typical, most = (
            self._categories.get(key, (None, None, None)) if key else (None,) * 3
        )
        name = line.sku or line.category or ""
        if factor is None:
            reasons.append(f"{name}: no factor")
        stated = line.mass_grams
        if stated is None and product is not None:
            stated = product.mass_grams
        grams: float | None = typical
        if stated is not None and (most is None or stated <= most):
            grams = stated
        else:
            reasons.append(f"{name}: {'no' if typical is None else 'typical'} mass")
        pieces = line.quantity * (product.per_unit if product else 1.0)
        return Goods(
            mass_kg=None if grams is None else grams * pieces / 1000,
            kg_co2e_per_kg=factor,
            weight=product.price_minor * pieces if product else 0.0,
        )


def load(files: Mapping[str, bytes], _: Mapping[str, Any]) -> FootprintCalculator:
    """Return the calculator of an artifact.

    Raises
    ------
    KeyError
        If a file or a part of it is missing.
    """
    return FootprintCalculator(json.loads(files[FACTORS_FILE]), json.loads(files[PRODUCTS_FILE]))
