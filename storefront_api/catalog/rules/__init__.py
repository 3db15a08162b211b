"""Rules of the sustainability score: data with a version, sources and a validity."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

Points = int
PartName = Literal[
    "materials", "certificates", "packaging", "recyclability", "origin", "plastic_free"
]


class RulesError(ValueError):
    """A set of rules contradicts itself, or there is none of a version or for an instant."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Data):
    """Where a number is from."""

    title: str = Field(min_length=1)
    url: str = Field(pattern="^(https://.*)?$", description="Empty if there is nothing to read.")


class Part(_Data):
    """A part of the score."""

    part: PartName
    weight: int = Field(ge=1, le=100)
    source: str
    method: str


class Material(_Data):
    """What a product may be made of."""

    id: str
    factor_id: str = Field(description="Of the platform's emission factors.")
    kg_co2e_per_kg: float = Field(ge=0)
    score: Points = Field(ge=0, le=100)
    plastic: bool
    source: str


class Certificate(_Data):
    """A label that a product may bear."""

    id: str
    name: str
    issuer: str
    url: str = Field(pattern="^https://")
    score: Points = Field(ge=0, le=100)


class Wrapping(_Data):
    """What a product may be packed in."""

    id: str
    score: Points = Field(ge=0, le=100)
    plastic: bool


class Origins(_Data):
    """Points of where a product is from, as seen from the market where it is sold."""

    market: str
    neighbours: tuple[str, ...]
    market_score: Points = Field(ge=0, le=100)
    neighbour_score: Points = Field(ge=0, le=100)
    elsewhere_score: Points = Field(ge=0, le=100)

    def points(self, country: str) -> Points:
        """Return a country's points."""
        if country == self.market:
            return self.market_score
        return self.neighbour_score if country in self.neighbours else self.elsewhere_score


class Trait(_Data):
    """What a shopper may prefer products to be, and how one is known to be so: any of these."""

    trait: str = Field(description="A name of a shopper's preferences.")
    plastic_free: bool = Field(default=False, description="It is stated to be without plastic.")
    origins: tuple[str, ...] = Field(default=(), description="It is from one of these countries.")
    certificates: tuple[str, ...] = Field(default=(), description="It bears one of these.")
    made_of: tuple[str, ...] = Field(default=(), description="It is of these materials alone.")
    materials_points: Points | None = Field(
        default=None, ge=0, le=100, description="All its materials are known, and worth as much."
    )
    source: str


class Rules(_Data):
    """One version of the rules; a published one never changes."""

    id: Literal["sustainability"]
    version: str = Field(min_length=1, max_length=20)
    valid_from: AwareDatetime
    valid_to: AwareDatetime | None = Field(description="The first instant after; null for open.")
    title: str
    weights_source: str
    sources: Mapping[str, Source]
    parts: tuple[Part, ...]
    materials: tuple[Material, ...]
    certificates: tuple[Certificate, ...]
    packaging: tuple[Wrapping, ...]
    origin: Origins
    traits: tuple[Trait, ...] = ()

    @model_validator(mode="after")
    def _agree(self) -> Self:
        used = {self.weights_source}
        used |= {part.source for part in self.parts}
        used |= {material.source for material in self.materials}
        used |= {trait.source for trait in self.traits}
        if missing := used - self.sources.keys():
            raise RulesError(f"sources: there is no {', '.join(sorted(missing))}")
        for name in ("parts", "materials", "certificates", "packaging"):
            ids = [getattr(each, "part", "") or each.id for each in getattr(self, name)]
            if len(ids) != len(set(ids)):
                raise RulesError(f"{name}: an id occurs twice")
        if sum(part.weight for part in self.parts) != 100:
            raise RulesError("parts: the weights add up to 100")
        materials, certificates = (
            {each.id for each in self.materials},
            {each.id for each in self.certificates},
        )
        for trait in self.traits:
            if not (set(trait.made_of) <= materials and set(trait.certificates) <= certificates):
                raise RulesError(f"traits: {trait.trait} has a word that is not in the vocabulary")
        return self


@cache
def published() -> Mapping[str, Rules]:
    """Return every version of the rules by its name, the oldest first."""
    texts = (
        path.read_text("utf-8") for path in files(__name__).iterdir() if path.name.endswith(".json")
    )
    found = sorted((Rules.model_validate_json(text) for text in texts), key=lambda r: r.valid_from)
    for earlier, later in pairwise(found):
        keep_words(earlier, later)
    return {rules.version: rules for rules in found}


def keep_words(earlier: Rules, later: Rules) -> None:
    """Check that what was ever stated of a product can be scored by later rules.

    Raises
    ------
    RulesError
        If a word of the vocabulary is gone.
    """
    for name in ("materials", "certificates", "packaging"):
        kept = {each.id for each in getattr(later, name)}
        gone = {each.id for each in getattr(earlier, name)} - kept
        if gone:
            raise RulesError(f"{later.version}: {name} lack {', '.join(sorted(gone))}")


def of_version(version: str) -> Rules:
    """Return the rules of a version.

    Raises
    ------
    RulesError
        If there are none.
    """
    known = published()
    if version not in known:
        raise RulesError(f"there is no version {version!r}; there are {', '.join(known)}")
    return known[version]


def in_force(at: datetime) -> Rules:
    """Return the newest rules that hold at an instant; before there were any, the first.

    A simulation may set the store's clock to years in which nobody had rules yet.

    Raises
    ------
    RulesError
        If none do, since the last ones have ended.
    """
    oldest = next(iter(published().values()))
    if at < oldest.valid_from:
        return oldest
    for rules in reversed([*published().values()]):
        if rules.valid_from <= at and (rules.valid_to is None or at < rules.valid_to):
            return rules
    raise RulesError(f"no rules hold at {at.isoformat()}")
