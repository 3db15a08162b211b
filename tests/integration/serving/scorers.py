"""Models small enough to know their answers by heart, as artifacts on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from models.artifacts import FORMAT, Artifact
from models.carbon import FootprintCalculator
from models.features import ORDER_FRAUD
from pipelines.artifact_store import promote, save
from serving.artifacts import Loaders

FILE = "model.json"


@dataclass(frozen=True)
class Item:
    sku: str
    score: float
    reason: str = "near the context"


@dataclass(frozen=True)
class Recommender:
    def recommend(
        self, *, subject: str, recent: Sequence[str], context: Sequence[str], k: int
    ) -> Sequence[Item]:
        found = [*context, *recent, "POPULAR"][:k]
        return [Item(sku, 1.0 / rank) for rank, sku in enumerate(found, 1)]


@dataclass(frozen=True)
class FraudScore:
    score: float
    action: Literal["allow", "review"]
    reasons: Sequence[str] = ("orders by this card in the day before",)


@dataclass(frozen=True)
class FraudScorer:
    per_order: float

    def score(self, features: Mapping[str, float | None]) -> FraudScore:
        score = min(1.0, self.per_order * float(features["card_orders_24h"] or 0))
        return FraudScore(score, "review" if score >= 0.5 else "allow")


@dataclass(frozen=True)
class Day:
    date: date
    p10: float = 1.0
    p50: float = 2.0
    p90: float = 4.0


@dataclass(frozen=True)
class Forecast:
    days: Sequence[Day]
    as_of: date = date(2017, 12, 29)
    unit: str = "each"


@dataclass(frozen=True)
class Forecaster:
    longest_horizon: int = 14

    def forecast(self, sku: str, horizon: int) -> Forecast | None:
        if sku != "CJ1":
            return None
        return Forecast([Day(date(2017, 12, 29) + timedelta(days=n)) for n in range(horizon)])


FACTORS: dict[str, Any] = {
    "factor_set_version": "2017.1",
    "factors": [
        ("goods", "material", "kg", 1_000_000_000, 0.01),
        ("box", "material", "kg", 1_000_000_000, 0.01),
        ("van", "freight", "tonne.km", 125_000_000, 0.01),
    ],
    "quality": [
        (name, 0.01)
        for name in (
            *("mass_stated", "mass_typical", "mass_of_order", "share_category"),
            *("packaging", "handling", "way_stated"),
        )
    ],
    "categories": [("GROCERY", "BREAD", "goods", 1000, None)],
    "end_of_life": [],
    "packaging": [("none", "", 0, 1000, 1), ("cardboard_box", "box", 500, 10, 1)],
    "legs": [("van", "last_mile", 0, None, None, "ttw", "van")],
    "handling": [],
}
"""Goods of 1 kg CO2e a kg, boxes of half a kg, a van of an eighth of a kg CO2e per kg and km."""


def _carbon(_: Artifact) -> FootprintCalculator:
    products: dict[str, Sequence[Any]] = {"CJ1": ("GROCERY", "BREAD", 1000, False, 100, [])}
    return FootprintCalculator(FACTORS, products)


def _fraud(artifact: Artifact) -> FraudScorer:
    return FraudScorer(**json.loads(artifact.files[FILE]))


LOADERS = Loaders(
    recommend=lambda _: Recommender(),
    fraud=_fraud,
    demand=lambda _: Forecaster(),
    carbon=_carbon,
)


def publish(folder: Path, family: str, version: str, **changed: Any) -> None:
    """Save and promote an artifact as the pipeline does; `changed` are fields of its manifest."""
    content = json.dumps({"per_order": changed.pop("per_order", 0.25)}).encode()
    manifest = {
        "format": FORMAT,
        "family": family,
        "version": version,
        "features": {"name": ORDER_FRAUD.name, "hash": ORDER_FRAUD.hash},
        "files": {FILE: hashlib.sha256(content).hexdigest()},
        **changed,
    }
    save(folder, Artifact(family, manifest, {FILE: content}))
    promote(folder, family, version)


def publish_all(folder: Path, version: str = "v1") -> None:
    """Publish all four families."""
    for family in ("recommend", "fraud", "demand", "carbon"):
        publish(folder, family, version)
