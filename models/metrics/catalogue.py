"""All metrics and the models that they are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.metrics.definitions import Metric, SemanticModel

GRAINS = {
    "day": "{day}",
    "week": "toMonday({day})",
    "month": "toStartOfMonth({day})",
    "quarter": "toStartOfQuarter({day})",
    "year": "toStartOfYear({day})",
}
"""What a metric can be laid out by over time; weeks begin on Monday."""


@dataclass(frozen=True)
class Catalogue:
    """Metrics and semantic models by name, in order of their definition."""

    models: Mapping[str, SemanticModel]
    metrics: Mapping[str, Metric]

    def model_of(self, metric: Metric) -> SemanticModel:
        """Return the semantic model that a metric is of."""
        return self.models[metric.model]

    def dimensions_of(self, metric: Metric) -> list[str]:
        """Return the names by which a metric can be split, those of time first."""
        return [*self.grains_of(metric), *self.model_of(metric).dimensions]

    def grains_of(self, metric: Metric) -> list[str]:
        """Return the grains of time of a metric: a cumulative one is a figure of a day."""
        return ["day"] if metric.window_days or metric.to_date else list(GRAINS)
