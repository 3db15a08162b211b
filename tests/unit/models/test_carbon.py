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
from models.carbon.compute import Factor, Footprint, added, divided, emission, less
from models.carbon.score import UnknownNameError

AS_OF = datetime(2018, 1, 2, tzinfo=UTC)
BREAD = Factor("bread", "food", "kg", 1_500_000_000, 0.04)


@dataclass(frozen=True)
class Asked:
    sku: str | None = None
    quantity: float = 1
    category: str | None = None
    mass_grams: float | None = None


@given(st.integers(0, 10**12), st.integers(1, 10**9))
def test_halves_are_rounded_up(dividend: int, divisor: int) -> None:
    rounded = divided(dividend, divisor)
    assert 2 * rounded * divisor - divisor <= 2 * dividend < 2 * rounded * divisor + divisor


def test_a_figure_and_its_interval_are_those_of_the_ledgers_unit_test() -> None:
    factor = Factor("f", "food", "kg", 2_000_000_000, 0.04)
    found = emission("product", factor, 6_000_000, 1000, 0.05, "m")
    assert (found.co2e_ug, found.low_ug, found.high_ug) == (
        12_000_000_000,
        8_888_888_889,
        16_200_000_000,
    )
    assert found.quantity == 6
    moved = Factor("t", "freight", "tonne.km", 500_000, 0.04)
    way = emission("transport", moved, 9_125_000, 8000, 0.05, "way_stated")
    assert way.co2e_ug == 36_500_000
    assert way.quantity == pytest.approx(0.073)


@given(st.lists(st.integers(0, 10**9), min_size=1), st.lists(st.integers(0, 10**9)))
def test_what_is_added_and_taken_away_again_leaves_what_was_there(
    first: list[int], second: list[int]
) -> None:
    mine, others = (
        [emission("product", BREAD, mass, 1000, 0.05, "m") for mass in masses]
        for masses in (first, second)
    )
    (left,) = less([*mine, *others], others)
    (whole,) = added(mine)
    assert (left.co2e_ug, left.low_ug, left.high_ug) == (
        whole.co2e_ug,
        whole.low_ug,
        whole.high_ug,
    )


def frame(columns: str, *rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split())


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    classes = (
        *("mass_stated", "mass_typical", "mass_of_order", "share_declared", "share_category"),
        *("packaging", "handling", "way_stated"),
    )
    factors = FactorFrames(
        version="2025.1",
        factors=frame(
            "factor_id kind unit ug_per_unit ln_sq",
            ("bread", "food", "kg", 1_500_000_000, 0.04),
            ("fuel", "material", "litre", 3_000_000_000, 0.04),
            ("board", "material", "tonne", 800_000_000, 0.04),
            ("van", "freight", "tonne.km", 1_000_000, 0.04),
        ),
        quality=frame("quality_class ln_sq", *((name, 0.01) for name in classes)),
        categories=frame(
            "department category factor_id typical_mass_grams max_mass_grams",
            ("GROCERY", "BREAD", "bread", 500.0, 5000.0),
            ("KIOSK", "FUEL", "fuel", 1000.0, None),
            ("GIFTS", "CARDS", "", None, 100.0),
        ),
        packaging=frame(
            "packaging factor_id grams_each capacity_kg trips",
            ("none", "", 0.0, 1000.0, 1.0),
            ("box", "board", 350.0, 12.0, 1.0),
            ("crate", "board", 1000.0, 12.0, 100.0),
        ),
        end_of_life=frame("factor_id end_of_life_factor_id"),
        legs=frame(
            "delivery_mode leg from_km to_km last_km stage factor_id",
            ("van", "last_mile", 0, None, None, "ttw", "van"),
        ),
        handling=frame("stage wh_per_kg factor_id"),
        sources=frame("source_id licence", ("pn18", "CC BY 4.0")),
    )
    products = frame(
        "sku department category mass_grams unit list_price_minor",
        ("loaf", "GROCERY", "BREAD", 800.0, "each", 300),
        ("case", "GROCERY", "BREAD", 9000.0, "each", 3000),
        ("unweighed", "GROCERY", "BREAD", None, "each", 300),
        ("petrol", "KIOSK", "FUEL", 750.0, "milli", 200),
        ("card", "GIFTS", "CARDS", None, "each", 400),
        ("hamper", "GIFTS", "HAMPERS", 2000.0, "each", 900),
    )
    materials = frame(
        "sku factor_id thousandths", ("hamper", "bread", 750), ("hamper", "board", 250)
    )
    nothing = pd.DataFrame()
    return carbon.train(factors, products, materials, nothing, nothing, as_of=AS_OF)


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
        (Asked("hamper"), 1.5 * 1.5 + 0.5 * 0.8),
        (Asked("card"), 0),
        (Asked("nobody knows"), 0),
    ],
)
def test_a_lines_mass_is_its_own_or_typical_of_its_category(
    calculator: FootprintCalculator, line: Asked, product_kg: float
) -> None:
    assert of(calculator, line).kg("product") == pytest.approx(product_kg)


def test_what_has_no_factor_is_left_out_and_said_so(calculator: FootprintCalculator) -> None:
    found = of(calculator, Asked("loaf"), Asked("card"))
    assert found.coverage == pytest.approx(300 / 700)
    assert "card: no factor" in found.reasons


def test_packaging_is_begun_pieces_and_travels_with_the_goods(
    calculator: FootprintCalculator,
) -> None:
    def boxed(packaging: str) -> Footprint:
        return calculator.footprint(
            lines=[Asked("loaf", 20)], packaging=packaging, delivery_mode="van", distance_km=20
        )

    box, crate = boxed("box"), boxed("crate")
    assert box.kg("packaging") == pytest.approx(2 * 0.35 * 0.8)
    assert crate.kg("packaging") == pytest.approx(2 * 1.0 / 100 * 0.8)
    assert box.kg("transport") == pytest.approx((16 + 0.7) * 20 * 0.001)
    assert crate.kg("transport") == pytest.approx((16 + 2) * 20 * 0.001)
    assert box.low_kg < box.kg() < box.high_kg


def test_an_order_that_goes_along_with_another_shares_its_box(
    calculator: FootprintCalculator,
) -> None:
    found = calculator.alternatives(
        lines=[Asked("loaf", 2)],
        packaging="box",
        delivery_mode="van",
        distance_km=10,
        open_order=[Asked("loaf", 3)],
    )
    (together,) = [one for one in found if one.changed == "consolidation"]
    assert together.footprint.kg("packaging") == 0
    assert together.saved_ug == pytest.approx(1e9 * (0.35 * 0.8 + 0.35 * 10 * 0.001))
    assert [one.footprint.total_ug for one in found] == sorted(
        one.footprint.total_ug for one in found
    )


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
