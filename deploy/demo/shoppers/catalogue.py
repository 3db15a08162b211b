"""What is sold, as shoppers feel it: latent attributes of products by their names alone.

A product's attributes follow from the seed, its department, its category and its sku. So the same
tastes work on any catalogue, the one that is made here for a store that has none included.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deploy.demo.shoppers.parameters import Parameters
from deploy.demo.shoppers.streams import Floats, key_of, stream

DEPARTMENTS: dict[str, tuple[tuple[str, int], ...]] = {
    "PANTRY": (("OATS", 390), ("LENTILS", 320), ("OLIVE OIL", 1290), ("COFFEE", 1150)),
    "HOUSEHOLD": (("DISH SOAP", 540), ("LAUNDRY SHEETS", 1190), ("SPONGE", 450), ("BIN BAGS", 620)),
    "BODY CARE": (("SHAMPOO BAR", 890), ("TOOTHPASTE", 560), ("DEODORANT", 790), ("SOAP", 420)),
    "KITCHEN": (("BOTTLE", 2490), ("LUNCH BOX", 2190), ("BEESWAX WRAP", 1390), ("CUTLERY", 1690)),
    "CLOTHING": (("TEE", 2900), ("SOCKS", 1290), ("SWEATER", 7900), ("JEANS", 9900)),
    "GARDEN": (("SEEDS", 390), ("COMPOST", 990), ("WATERING CAN", 2490), ("GLOVES", 1290)),
}
QUALITIES = ("REFILLABLE", "ORGANIC", "RECYCLED", "FAIR", "LOCAL", "PLAIN", "CLASSIC", "BUDGET")
BRANDS = ("Field", "Tern", "Alder", "Low Tide", "Second Life", "Commons", "Plainly", "Juniper")
_DEPARTMENT, _CATEGORY, _OWN = 0.75, 0.45, 0.5
"""How much of a product's vector it shares with its department, its category, and with nothing."""
_GREEN_QUALITIES = 5
"""The first of the qualities are green."""


@dataclass(frozen=True)
class Product:
    """A variant as the catalogue states it."""

    sku: str
    product_id: str
    name: str
    department: str
    category: str
    currency: str
    unit: str
    price_minor: int
    mass_grams: int


@dataclass(frozen=True)
class Catalogue:
    """Products with what shoppers feel about them.

    Parameters
    ----------
    vectors
        Products × factors, about standard normal.
    green
        Sustainability of each as shoppers see it, 0 to 1.
    reference_minor
        Median price of its category, in minor units: what it is felt to be worth.
    shelves
        The categories of each department.
    """

    products: tuple[Product, ...]
    vectors: Floats
    green: Floats
    reference_minor: Floats
    by_sku: dict[str, int]
    by_product: dict[str, int]
    shelves: dict[str, tuple[str, ...]]
    words: tuple[str, ...]


def _vector(seed: int, factors: int, *path: str) -> Floats:
    return stream(seed, "product", *path).standard_normal(factors)


def feel(seed: int, products: Sequence[Product], parameters: Parameters) -> Catalogue:
    """Add latent attributes to a catalogue.

    Raises
    ------
    ValueError
        If there is nothing that is sold by the piece.
    """
    kept = tuple(sorted((p for p in products if p.unit == "each"), key=lambda p: p.sku))
    if not kept:
        raise ValueError("the store sells nothing by the piece; import a catalogue first")
    factors = parameters.people.factors
    shared: dict[tuple[str, ...], Floats] = {}
    vectors = np.empty((len(kept), factors))
    green = np.empty(len(kept))
    prices: dict[str, list[int]] = defaultdict(list)
    for index, product in enumerate(kept):
        department, category = (product.department,), (product.department, product.category)
        for path in (department, category):
            if path not in shared:
                shared[path] = _vector(seed, factors, *path)
        own = stream(seed, "product", "own", product.sku)
        vectors[index] = _DEPARTMENT * shared[department] + _CATEGORY * shared[category]
        vectors[index] += _OWN * own.standard_normal(factors)
        named_green = any(word in product.name for word in QUALITIES[:_GREEN_QUALITIES])
        green[index] = own.beta(5, 2) if named_green else own.beta(2, 4)
        prices[product.category].append(product.price_minor)
    medians = {category: float(np.median(values)) for category, values in prices.items()}
    shelves: dict[str, set[str]] = defaultdict(set)
    for product in kept:
        shelves[product.department].add(product.category)
    words = sorted({w for p in kept for w in p.category.split() if w.isalpha() and len(w) > 2})
    return Catalogue(
        products=kept,
        vectors=vectors,
        green=green,
        reference_minor=np.array([max(1.0, medians[p.category]) for p in kept]),
        by_sku={p.sku: i for i, p in enumerate(kept)},
        by_product={p.product_id: i for i, p in reversed(list(enumerate(kept)))},
        shelves={name: tuple(sorted(shelves[name])) for name in sorted(shelves)},
        words=tuple(words) or (kept[0].name.split()[0],),
    )


def make_products(seed: int, parameters: Parameters) -> list[dict[str, Any]]:
    """Return a catalogue of sustainable goods as `POST /catalog/imports` takes it."""
    kinds = [(d, *kind) for d, kinds in DEPARTMENTS.items() for kind in kinds]
    products = []
    for number in range(parameters.catalogue.products):
        department, category, typical = kinds[number % len(kinds)]
        own = stream(seed, "assortment", number)
        quality = QUALITIES[int(own.integers(len(QUALITIES)))]
        brand = BRANDS[int(own.integers(len(BRANDS)))]
        price = max(50, round(typical * float(own.lognormal(0, 0.35)) / 10) * 10 - 1)
        sku = f"SIM{key_of(seed, 'sku', number).hex()[:10].upper()}"
        products.append(
            {
                "sku": sku,
                "product_id": f"P-{sku}",
                "name": f"{quality} {category} {brand.upper()}",
                "vendor_id": f"v-{BRANDS.index(brand) + 1}",
                "brand": brand,
                "department": department,
                "category": category,
                "product_type": f"{quality} {category}",
                "package_size": "1 CT",
                "mass_grams": int(own.integers(50, 2000)),
                "unit": "each",
                "currency": "USD",
                "list_price_minor": price,
                "opening_stock": weekly_units(seed, sku, parameters) * 2,
            }
        )
    return products


def weekly_units(seed: int, sku: str, parameters: Parameters) -> int:
    """Return how many pieces of a product arrive each week, whatever was sold of it."""
    model = parameters.catalogue
    own = stream(seed, "supply", sku)
    return max(1, round(model.units_a_week * float(own.lognormal(0, model.units_sigma))))
