"""A product's footprint in PACT's data model."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from models.carbon.compute import Factor, emission
from models.carbon.exchange import UNKNOWN, Origin, Owner, Product, product_footprint

OWNER = Owner("Leaf", "leaf.example")
CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PRODUCT = Product("S1", "Bread", "BAKERY", "WHITE BREAD", "v-1")
WOOD, GLASS = (Factor(name, "material", "kg", ug, 0.04) for name, ug in (("w", 10**9), ("g", 1)))
ORIGINS = [Origin("Old", 2018), Origin("New", 2025)]


def stated(grams: int = 500, **changed: Any) -> dict[str, Any]:
    parts = ((WOOD, 600), (GLASS, 400))
    goods = [emission("product", f, grams * 1000, share, 0.05, "declared") for f, share in parts]
    waste = emission("end_of_life", WOOD, grams * 1000, 600, 0.05, "goods_recycled")
    named: dict[str, Any] = {
        "factor_set_version": "1",
        "origins": ORIGINS,
        "notes": ["typical mass"],
        "owner": OWNER,
        "created": CREATED,
    }
    return product_footprint(PRODUCT, [*goods, waste], **named | changed)


def test_it_is_what_comes_before_the_shelf_in_decimals_without_exponents() -> None:
    pcf = stated()["pcf"]
    # 0.5 kg x 0.6 x 1 kg/kg, and 200 g of glass at 1 µg/kg, which is rounded to nothing
    assert pcf["pcfExcludingBiogenicUptake"] == "0.3"
    assert pcf["productMassPerDeclaredUnit"] == "0.5"
    assert stated(grams=1)["pcf"]["productMassPerDeclaredUnit"] == "0.001"
    assert (pcf["declaredUnitOfMeasurement"], pcf["declaredUnitAmount"]) == ("piece", "1")


def test_its_period_is_that_of_its_sources() -> None:
    pcf = stated()["pcf"]
    assert pcf["referencePeriodStart"] == "2018-01-01T00:00:00Z"
    assert pcf["referencePeriodEnd"] == "2026-01-01T00:00:00Z"
    assert [one["version"] for one in pcf["secondaryEmissionFactorSources"]] == ["2018", "2025"]


def test_the_same_statement_has_the_same_id_and_a_changed_one_another() -> None:
    first = stated()
    assert UUID(first["id"])
    assert stated(created=CREATED.replace(year=2027))["id"] == first["id"]
    assert stated(grams=501)["id"] != first["id"]
    assert stated(factor_set_version="2")["id"] != first["id"]


def test_what_nobody_knows_is_named_and_not_stated() -> None:
    footprint = stated()
    for name in UNKNOWN:
        assert name not in footprint["pcf"]
        assert name in footprint["comment"]
    assert "typical mass" in footprint["comment"]
    with pytest.raises(ValueError, match="S1"):
        product_footprint(
            PRODUCT, [], factor_set_version="1", origins=ORIGINS, notes=["no factor"],
            owner=OWNER, created=CREATED,
        )  # fmt: skip
