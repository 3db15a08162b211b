"""The footprint's arithmetic, and the calculator around it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import carbon
from models.artifacts import Artifact
from models.carbon import FactorFrames, FootprintCalculator
from models.carbon.compute import Footprint, Goods, Packaging, footprint
from models.carbon.score import UnknownNameError

BOX = Packaging(kg_each=0.35, capacity_kg=12, trips=1, kg_co2e_per_kg=0.8)
NOTHING = Packaging(kg_each=0, capacity_kg=1000, trips=1, kg_co2e_per_kg=0)
AS_OF = datetime(2018, 1, 2, tzinfo=UTC)

amounts = st.floats(0, 1e4)
maybe = st.none() | amounts
goods = st.builds(Goods, mass_kg=maybe, kg_co2e_per_kg=maybe, weight=amounts)
packagings = st.builds(
    Packaging,
    kg_each=st.floats(0, 5),
    capacity_kg=st.floats(0.5, 1000),
    trips=st.floats(1, 200),
    kg_co2e_per_kg=st.floats(0, 10),
)


@dataclass(frozen=True)
class Asked:
    sku: str | None = None
    quantity: float = 1
    category: str | None = None
    mass_grams: float | None = None


@given(st.lists(goods, max_size=8), packagings, st.floats(0, 1), st.floats(0, 1e4))
def test_no_part_is_negative_and_they_add_up(
    lines: list[Goods], packaging: Packaging, factor: float, distance: float
) -> None:
    found = footprint(lines, packaging, factor, distance, "v")
    parts = (found.product_kg, found.packaging_kg, found.transport_kg)
    assert min(parts) >= 0
    assert found.total_kg == pytest.approx(sum(parts))
    assert 0 <= found.coverage <= 1 + 1e-12


@given(st.lists(goods, max_size=6), st.lists(goods, max_size=6))
def test_goods_add_up_over_orders(first: list[Goods], second: list[Goods]) -> None:
    def product_kg(lines: list[Goods]) -> float:
        return footprint(lines, NOTHING, 0, 0, "v").product_kg

    assert product_kg(first + second) == pytest.approx(product_kg(first) + product_kg(second))


@given(st.lists(goods, min_size=1, max_size=6), packagings, st.floats(0, 1), st.floats(0, 1e3))
def test_lines_may_stand_in_any_order(
    lines: list[Goods], packaging: Packaging, factor: float, distance: float
) -> None:
    # A sum at the very edge of a piece's capacity may round to either side of it.
    packaging = Packaging(packaging.kg_each, 1e6, packaging.trips, packaging.kg_co2e_per_kg)
    forth = footprint(lines, packaging, factor, distance, "v")
    back = footprint(lines[::-1], packaging, factor, distance, "v")
    assert forth.total_kg == pytest.approx(back.total_kg)
    assert forth.coverage == pytest.approx(back.coverage)


@given(st.lists(goods, max_size=6), st.floats(0, 1), st.floats(0, 1e3))
def test_twice_the_way_is_twice_the_transport(
    lines: list[Goods], factor: float, distance: float
) -> None:
    once = footprint(lines, BOX, factor, distance, "v")
    twice = footprint(lines, BOX, factor, 2 * distance, "v")
    assert twice.transport_kg == pytest.approx(2 * once.transport_kg)
    assert (twice.product_kg, twice.packaging_kg) == (once.product_kg, once.packaging_kg)


def test_an_order_worked_by_hand() -> None:
    lines = [Goods(10.0, 2.0, 300), Goods(4.0, None, 100)]
    found = footprint(lines, BOX, 0.001, 20, "v")
    assert found.product_kg == pytest.approx(20.0)
    assert found.packaging_kg == pytest.approx(2 * 0.35 * 0.8)
    assert found.transport_kg == pytest.approx((14 + 0.7) * 20 * 0.001)
    assert found.coverage == pytest.approx(0.75)


def test_an_empty_order_is_packed_all_the_same_and_covers_nothing() -> None:
    found = footprint([], BOX, 0.001, 20, "v")
    assert found.packaging_kg == pytest.approx(0.35 * 0.8)
    assert (found.product_kg, found.coverage) == (0, 0)


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    factors = FactorFrames(
        version="2025.1",
        categories=pd.DataFrame(
            [
                ("GROCERY", "BREAD", 1.5, 500.0, 5000.0),
                ("KIOSK", "FUEL", 3.0, 1000.0, None),
                ("GIFTS", "CARDS", None, None, 100.0),
            ],
            columns=[
                "department",
                "category",
                "kg_co2e_per_kg",
                "typical_mass_grams",
                "max_mass_grams",
            ],
        ),
        packaging=pd.DataFrame(
            [("none", 0.0, 1000.0, 1.0, None), ("box", 0.35, 12.0, 1.0, 0.8)],
            columns=["packaging", "kg_each", "capacity_kg", "trips", "kg_co2e_per_kg"],
        ),
        delivery=pd.DataFrame(
            [("collect", None), ("van", 0.001)], columns=["delivery_mode", "kg_co2e_per_kg_km"]
        ),
        sources=pd.DataFrame([("pn18", "CC BY 4.0")], columns=["source_id", "licence"]),
    )
    products = pd.DataFrame(
        [
            ("loaf", "GROCERY", "BREAD", 800.0, "each", 300),
            ("case", "GROCERY", "BREAD", 9000.0, "each", 3000),
            ("unweighed", "GROCERY", "BREAD", None, "each", 300),
            ("petrol", "KIOSK", "FUEL", 750.0, "milli", 200),
            ("card", "GIFTS", "CARDS", None, "each", 400),
        ],
        columns=["sku", "department", "category", "mass_grams", "unit", "list_price_minor"],
    )
    return carbon.train(factors, products, pd.DataFrame(), pd.DataFrame(), as_of=AS_OF)


@pytest.fixture(scope="module")
def calculator(artifact: Artifact) -> FootprintCalculator:
    return carbon.load(artifact.files, artifact.manifest)


def of(calculator: FootprintCalculator, *lines: Asked) -> Footprint:
    return calculator.footprint(
        lines=lines, packaging="none", delivery_mode="collect", distance_km=5
    )


@pytest.mark.parametrize(
    ("line", "product_kg"),
    [
        (Asked("loaf", 2), 2 * 0.8 * 1.5),
        (Asked("case"), 0.5 * 1.5),
        (Asked("unweighed", 3), 3 * 0.5 * 1.5),
        (Asked("petrol", 20_000), 20 * 0.75 * 3.0),
        (Asked("loaf", mass_grams=400), 0.4 * 1.5),
        (Asked(category="BREAD", mass_grams=1000), 1.5),
        (Asked(category="BREAD"), 0.5 * 1.5),
        (Asked("card"), 0),
        (Asked("nobody knows"), 0),
    ],
)
def test_a_lines_mass_is_its_own_or_typical_of_its_category(
    calculator: FootprintCalculator, line: Asked, product_kg: float
) -> None:
    assert of(calculator, line).product_kg == pytest.approx(product_kg)


def test_what_has_no_factor_is_left_out_and_said_so(calculator: FootprintCalculator) -> None:
    found = of(calculator, Asked("loaf"), Asked("card"))
    assert found.coverage == pytest.approx(300 / 700)
    assert "card: no factor" in found.reasons


@pytest.mark.parametrize(
    ("packaging", "mode", "named"), [("balloon", "van", "packaging"), ("box", "jet", "delivery")]
)
def test_an_unknown_name_is_refused_with_the_known_ones(
    calculator: FootprintCalculator, packaging: str, mode: str, named: str
) -> None:
    with pytest.raises(UnknownNameError, match=named):
        calculator.footprint(lines=[], packaging=packaging, delivery_mode=mode, distance_km=1)


def test_the_artifact_carries_the_sets_version_and_sources(artifact: Artifact) -> None:
    assert artifact.manifest["params"] == {
        "factor_set_version": "2025.1",
        "sources": [{"source_id": "pn18", "licence": "CC BY 4.0"}],
    }
