"""The sustainability score: a pure function of what is known of a product and of the rules.

What is unknown is left out of the mean, so that it lowers the confidence and never the score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from storefront_api.catalog.rules import PartName, Rules
from storefront_api.events.parts import Country

_Id = Field(min_length=1, max_length=40, pattern="^[a-z0-9_]+$")


class MaterialShare(BaseModel):
    """A part of what a product is made of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    material: str = _Id
    share_percent: int = Field(ge=1, le=100, description="Of the product's mass.")


class Attributes(BaseModel):
    """What is known of a product; what is empty or null is unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    materials: tuple[MaterialShare, ...] = Field(
        default=(), max_length=30, description="Shares below 100 in all leave the rest unknown."
    )
    origin: Country = ""
    certificates: tuple[str, ...] | None = Field(
        default=None, max_length=30, description="Empty when it is known that there is none."
    )
    recyclable_percent: int | None = Field(default=None, ge=0, le=100)
    packaging: str = Field(default="", max_length=40)
    plastic_free: bool | None = Field(default=None, description="Of product and packaging.")

    @model_validator(mode="after")
    def _add_up(self) -> Self:
        names = [share.material for share in self.materials]
        if len(names) != len(set(names)):
            raise ValueError("materials: each is stated once")
        if sum(share.share_percent for share in self.materials) > 100:
            raise ValueError("materials: the shares are at most 100 in all")
        if self.certificates and len(self.certificates) != len(set(self.certificates)):
            raise ValueError("certificates: each is stated once")
        return self


@dataclass(frozen=True)
class PartScore:
    """One part of a score.

    Parameters
    ----------
    known
        Share of the part that is known, 0 to 1.
    points
        0 to 100, rounded to hundredths; None when nothing of it is known.
    """

    part: PartName
    weight: int
    known: float
    points: float | None


@dataclass(frozen=True)
class Score:
    """A score from 0 to 100 with its parts.

    Parameters
    ----------
    value
        The mean of the known parts by weight, halves up; None when nothing is known.
    confidence
        Share of the weights that is known, 0 to 1, in ten-thousandths.
    """

    value: int | None
    confidence: float
    parts: Sequence[PartScore]
    rules_version: str


def unknown_words(attributes: Attributes, rules: Rules) -> list[tuple[str, str]]:
    """Return each field that has no word of the rules' vocabulary, or contradicts another.

    Each comes with the rule that it breaks.
    """
    materials = {each.id: each for each in rules.materials}
    certificates = {each.id for each in rules.certificates}
    packaging = {each.id: each for each in rules.packaging}
    broken = [
        (f"materials.{place}.material", f"{share.material!r} is no known material")
        for place, share in enumerate(attributes.materials)
        if share.material not in materials
    ]
    broken += [
        (f"certificates.{place}", f"{name!r} is no known certificate")
        for place, name in enumerate(attributes.certificates or ())
        if name not in certificates
    ]
    if attributes.packaging and attributes.packaging not in packaging:
        broken.append(("packaging", f"one of {', '.join(packaging)}"))
    if not broken and attributes.plastic_free:
        plastic = [s.material for s in attributes.materials if materials[s.material].plastic]
        if attributes.packaging and packaging[attributes.packaging].plastic:
            plastic.append(attributes.packaging)
        if plastic:
            broken.append(("plastic_free", f"not with {', '.join(plastic)}"))
    return broken


def score(attributes: Attributes, rules: Rules) -> Score:
    """Return the score of a product by a version of the rules.

    Raises
    ------
    KeyError
        If a word is not in the rules' vocabulary; see `unknown_words`.
    """
    measured = _measured(attributes, rules)
    parts = []
    weighed, total = Fraction(0), Fraction(0)
    for part in rules.parts:
        known, points = measured[part.part]
        weighed += part.weight * known
        total += part.weight * known * points
        rounded = float(round(points, 2)) if known else None
        parts.append(PartScore(part.part, part.weight, float(known), rounded))
    value = int(total / weighed + Fraction(1, 2)) if weighed else None
    return Score(value, float(weighed / 100), tuple(parts), rules.version)


def _measured(attributes: Attributes, rules: Rules) -> dict[PartName, tuple[Fraction, Fraction]]:
    """Return, for each part, the share that is known and the points of it."""
    nothing = Fraction(0), Fraction(0)

    def whole(points: int) -> tuple[Fraction, Fraction]:
        return Fraction(1), Fraction(points)

    found: dict[PartName, tuple[Fraction, Fraction]] = {
        "materials": nothing,
        "certificates": nothing,
        "packaging": nothing,
        "recyclability": nothing,
        "origin": nothing,
        "plastic_free": nothing,
    }
    if attributes.materials:
        points = {each.id: each.score for each in rules.materials}
        shares = sum(share.share_percent for share in attributes.materials)
        weighed = sum(each.share_percent * points[each.material] for each in attributes.materials)
        found["materials"] = Fraction(shares, 100), Fraction(weighed, shares)
    if attributes.certificates is not None:
        points = {each.id: each.score for each in rules.certificates}
        found["certificates"] = whole(max((points[n] for n in attributes.certificates), default=0))
    if attributes.packaging:
        points = {each.id: each.score for each in rules.packaging}
        found["packaging"] = whole(points[attributes.packaging])
    if attributes.recyclable_percent is not None:
        found["recyclability"] = whole(attributes.recyclable_percent)
    if attributes.origin:
        found["origin"] = whole(rules.origin.points(attributes.origin))
    if attributes.plastic_free is not None:
        found["plastic_free"] = whole(100 if attributes.plastic_free else 0)
    return found
