"""Models small enough to know their answers by heart, as artifacts on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from models.artifacts import FORMAT, Artifact
from models.features import ORDER_FRAUD
from pipelines.artifact_store import promote, save
from serving.artifacts import Loaders
from serving.scorers import FootprintLine

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


@dataclass(frozen=True)
class Footprint:
    product_kg: float
    packaging_kg: float = 0.5
    transport_kg: float = 0.25
    coverage: float = 1.0
    factor_set_version: str = "2017.1"
    reasons: Sequence[str] = field(default=("mass of CJ1 is the category's mean",))

    @property
    def total_kg(self) -> float:
        return self.product_kg + self.packaging_kg + self.transport_kg


@dataclass(frozen=True)
class FootprintCalculator:
    def footprint(
        self,
        *,
        lines: Sequence[FootprintLine],
        packaging: str,
        delivery_mode: str,
        distance_km: float,
    ) -> Footprint:
        return Footprint(product_kg=sum(line.quantity for line in lines))


def _fraud(artifact: Artifact) -> FraudScorer:
    return FraudScorer(**json.loads(artifact.files[FILE]))


LOADERS = Loaders(
    recommend=lambda _: Recommender(),
    fraud=_fraud,
    demand=lambda _: Forecaster(),
    carbon=lambda _: FootprintCalculator(),
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
