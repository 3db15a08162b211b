"""The score: products worked by hand, and what leaving something unknown may do to it."""

from __future__ import annotations

import csv
import math
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from storefront_api.catalog.rules import (
    Rules,
    RulesError,
    in_force,
    keep_words,
    of_version,
    published,
)
from storefront_api.catalog.sustainability import Attributes, Score, score, unknown_words
from storefront_api.identity.repository import PREFERENCES
from storefront_api.identity.schemas import Preferences

ROOT = Path(__file__).resolve().parents[3]
RULES = of_version("2025.1")
UNKNOWN: dict[str, Any] = Attributes().model_dump()


def known(**stated: Any) -> Attributes:
    if "materials" in stated:
        stated["materials"] = [
            {"material": name, "share_percent": share}
            for name, share in stated["materials"].items()
        ]
    return Attributes.model_validate(stated)


# The weights: materials 35, certificates 20, packaging 15, recyclability 15, origin 10,
# plastic-free 5. The sums are written out as they were worked by hand.
GOLDEN = [
    pytest.param(
        known(
            materials={"wood": 100},
            certificates=["fsc"],
            packaging="cardboard",
            recyclable_percent=100,
            origin="US",
            plastic_free=True,
        ),
        85,  # (35·86 + 20·70 + 15·70 + 15·100 + 10·100 + 5·100) / 100 = 84.6
        1.0,
        id="a wooden toy of which all is known",
    ),
    pytest.param(
        known(materials={"clothing": 100}, certificates=["gots"], origin="IN"),
        38,  # (35·22 + 20·70 + 10·30) / 65 = 38.0
        0.65,
        id="a shirt from far away in an unknown wrapping",
    ),
    pytest.param(
        known(materials={"glass": 50, "plastic_pp": 30}, plastic_free=False),
        50,  # materials (50·62 + 30·53) / 80 = 58.625 of weight 35·0.8 = 28; 1641.5 / 33 = 49.7…
        0.33,
        id="a jar of which a fifth is unknown",
    ),
    pytest.param(known(certificates=[]), 0, 0.2, id="known to have no certificate"),
    pytest.param(
        known(certificates=["oeko_tex_100", "blue_angel"]), 100, 0.2, id="the best label counts"
    ),
    pytest.param(known(origin="CA"), 70, 0.1, id="from the neighbours"),
    pytest.param(known(), None, 0.0, id="nothing is known"),
]


@pytest.mark.parametrize(("attributes", "points", "confidence"), GOLDEN)
def test_golden_products(attributes: Attributes, points: int | None, confidence: float) -> None:
    found = score(attributes, RULES)
    assert (found.value, found.confidence) == (points, confidence)


def test_a_half_is_rounded_up() -> None:
    # (15·45 + 15·70) / 30 = 57.5
    assert score(known(recyclable_percent=45, packaging="paper"), RULES).value == 58


def test_every_part_is_told_with_its_weight_and_source() -> None:
    found = score(known(recyclable_percent=40), RULES)
    assert [(part.part, part.weight) for part in found.parts] == [
        (part.part, part.weight) for part in RULES.parts
    ]
    assert [(p.known, p.points) for p in found.parts if p.part == "recyclability"] == [(1.0, 40.0)]
    assert all(p.points is None for p in found.parts if p.part != "recyclability")
    assert all(RULES.sources[part.source].title for part in RULES.parts)
    assert found.rules_version == "2025.1"


WORDS = {
    "materials": [each.id for each in RULES.materials],
    "certificates": [each.id for each in RULES.certificates],
    "packaging": [each.id for each in RULES.packaging],
}


@st.composite
def attributes(draw: st.DrawFn) -> Attributes:
    names = draw(st.lists(st.sampled_from(WORDS["materials"]), max_size=6, unique=True))
    shares = [draw(st.integers(1, 100 // max(1, len(names)))) for _ in names]
    return known(
        materials=dict(zip(names, shares, strict=True)),
        origin=draw(st.sampled_from(["", "US", "MX", "CN"])),
        certificates=draw(
            st.none() | st.lists(st.sampled_from(WORDS["certificates"]), max_size=4, unique=True)
        ),
        recyclable_percent=draw(st.none() | st.integers(0, 100)),
        packaging=draw(st.sampled_from(["", *WORDS["packaging"]])),
        plastic_free=draw(st.none() | st.booleans()),
    )


def mean(found: Score, without: str = "") -> int | None:
    """Return the mean of a score's parts by weight, but for one."""
    weights, total = Fraction(0), Fraction(0)
    for part in found.parts:
        if part.points is not None and part.part != without:
            weight = part.weight * Fraction(part.known).limit_denominator(100)
            weights += weight
            total += weight * Fraction(part.points)
    if not weights:
        return None
    return math.floor(total / weights + Fraction(1, 2))


PART_OF = {"recyclable_percent": "recyclability"}


@given(attributes(), st.sampled_from(sorted(UNKNOWN)))
def test_what_is_not_known_lowers_the_confidence_and_leaves_the_mean_of_the_rest(
    stated: Attributes, name: str
) -> None:
    whole = score(stated, RULES)
    less = score(stated.model_copy(update={name: UNKNOWN[name]}), RULES)
    if getattr(stated, name) == UNKNOWN[name]:
        assert less == whole
        return
    assert less.confidence < whole.confidence
    rest = mean(whole, without=PART_OF.get(name, name))
    # The parts are told to the hundredth, so that a mean from them may be a point off at a half.
    assert (less.value is None) == (rest is None)
    assert less.value is None or rest is None or abs(less.value - rest) <= 1
    remaining = [p.points for p in less.parts if p.points is not None]
    assert less.value is None or round(min(remaining)) <= less.value <= round(max(remaining) + 0.5)


@given(attributes().filter(lambda stated: len(stated.materials) > 0))
def test_a_material_that_becomes_unknown_lowers_the_confidence(stated: Attributes) -> None:
    less = stated.model_copy(update={"materials": stated.materials[1:]})
    assert score(less, RULES).confidence < score(stated, RULES).confidence


@given(attributes())
def test_a_score_is_between_its_parts_and_the_confidence_is_the_weight_known(
    stated: Attributes,
) -> None:
    found = score(stated, RULES)
    assert found.value is None or 0 <= found.value <= 100
    weights = sum(part.weight * part.known for part in found.parts)
    assert found.confidence == pytest.approx(weights / 100)
    assert (found.value is None) == (found.confidence == 0)
    assert score(stated, RULES) == found


@pytest.mark.parametrize(
    ("stated", "field"),
    [
        ({"materials": {"unobtainium": 5}}, "materials.0.material"),
        ({"certificates": ["msc", "self_made"]}, "certificates.1"),
        ({"packaging": "bubbles"}, "packaging"),
        ({"materials": {"plastic_pp": 5}, "plastic_free": True}, "plastic_free"),
        ({"packaging": "composite", "plastic_free": True}, "plastic_free"),
    ],
)
def test_a_word_that_is_not_in_the_vocabulary_is_named(stated: dict[str, Any], field: str) -> None:
    assert [name for name, _ in unknown_words(known(**stated), RULES)] == [field]


@pytest.mark.parametrize(
    "stated",
    [
        {"materials": {"wood": 60, "glass": 41}},
        {"materials": {"wood": 0}},
        {"certificates": ["fsc", "fsc"]},
        {"recyclable_percent": 101},
        {"origin": "usa"},
    ],
)
def test_what_cannot_be_is_refused(stated: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        known(**stated)


def test_a_material_is_stated_once() -> None:
    share = {"material": "wood", "share_percent": 10}
    with pytest.raises(ValidationError, match="each is stated once"):
        Attributes.model_validate({"materials": [share, share]})


def test_the_materials_points_follow_from_the_platforms_emission_factors() -> None:
    with (ROOT / "dbt/seeds/emission_factors.csv").open(encoding="utf-8", newline="") as file:
        factors = {row["factor_id"]: row for row in csv.DictReader(file)}
    for material in RULES.materials:
        row = factors[material.factor_id]
        per_kg = float(row["kg_co2e"]) / float(row["unit_mass_kg"])
        assert material.kg_co2e_per_kg == pytest.approx(per_kg, abs=1e-5)
        assert material.source == row["source_id"]
        assert material.score == round(max(0, min(100, 100 * (2 - math.log10(per_kg)) / 3)))


def test_every_certificate_has_an_issuer_and_a_page() -> None:
    assert all(each.issuer and each.url.startswith("https://") for each in RULES.certificates)


def test_there_is_a_rule_for_whatever_a_shopper_may_prefer() -> None:
    assert {trait.trait for trait in RULES.traits} == set(Preferences.model_fields)
    assert tuple(Preferences.model_fields) == PREFERENCES


@pytest.mark.parametrize("stated", [{"made_of": ["chalk"]}, {"certificates": ["best"]}])
def test_a_trait_is_told_in_the_words_of_the_vocabulary(stated: dict[str, Any]) -> None:
    changed = RULES.model_dump(mode="json")
    changed["traits"].append({"trait": "new", "source": "assumption", **stated})
    with pytest.raises(ValidationError, match="traits: new has a word"):
        Rules.model_validate(changed)


def test_the_rules_in_force_are_those_of_the_instant_and_before_all_the_first() -> None:
    assert in_force(RULES.valid_from).version == "2025.1"
    assert list(published()) == ["2025.1"]
    assert in_force(RULES.valid_from - timedelta(days=3_000)).version == "2025.1"
    with pytest.raises(RulesError, match=r"there are 2025\.1"):
        of_version("2024.1")


def test_other_rules_score_the_same_attributes_anew_and_the_old_ones_as_before() -> None:
    stated = known(recyclable_percent=40, origin="US")
    before = score(stated, RULES)
    weights = {"recyclability": 10, "origin": 15}
    changed = RULES.model_dump(mode="json")
    for part in changed["parts"]:
        part["weight"] = weights.get(part["part"], part["weight"])
    later = Rules.model_validate(changed | {"version": "2026.1"})
    after = score(stated, later)
    assert (before.value, after.value) == (64, 76)  # 1600 / 25, and 1900 / 25
    assert score(stated, RULES) == before


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"weights_source": "hearsay"}, "there is no hearsay"),
        ({"parts": [RULES.parts[0].model_dump()]}, "add up to 100"),
        ({"packaging": [RULES.packaging[0].model_dump()] * 2}, "packaging: an id occurs twice"),
        ({"valid_from": datetime(2026, 1, 1, tzinfo=UTC).isoformat()[:10]}, "valid_from"),
    ],
)
def test_rules_that_contradict_themselves_are_refused(
    changed: dict[str, Any], message: str
) -> None:
    with pytest.raises((ValidationError, RulesError), match=message):
        Rules.model_validate(RULES.model_dump(mode="json") | changed)


def test_later_rules_keep_every_word() -> None:
    stated = RULES.model_dump(mode="json")
    fewer = stated | {"version": "2026.1", "certificates": stated["certificates"][1:]}
    with pytest.raises(RulesError, match=r"2026\.1: certificates lack eu_ecolabel"):
        keep_words(RULES, Rules.model_validate(fewer))
