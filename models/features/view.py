"""What a feature view is: the one definition that training and serving both read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Literal


class Source(StrEnum):
    """Where serving gets a feature's value; training reads every one from the view's table."""

    REQUEST = "request"
    """Computed from the request by the view's transform."""
    STREAM = "stream"
    """Counted up to the moment of the request, from the online store."""
    BATCH = "batch"
    """As of the start of the request's UTC day, published to the online store by a pipeline."""


@dataclass(frozen=True)
class Feature:
    """One column of a view.

    Parameters
    ----------
    name
        Column name, the same in the table, the frame, the artifact and the decision record.
    dtype
        Type in a training frame.
    source
        Where serving gets it.
    default
        Value when nothing is known; None keeps it missing, which LightGBM handles.
    description
        Meaning and unit.
    """

    name: str
    dtype: Literal["int64", "float64"]
    source: Source
    default: float | None
    description: str


@dataclass(frozen=True)
class FeatureView:
    """A set of features with one grain, one table and one point-in-time rule.

    Parameters
    ----------
    name
        Name of the view and of the dbt model that computes it.
    entity
        Columns that identify a row.
    timestamp
        Column with the instant that every feature of the row is as of.
    label
        Column with the outcome; empty when the view has none.
    features
        The features, in the order in which a model takes them.
    """

    name: str
    entity: tuple[str, ...]
    timestamp: str
    label: str
    features: tuple[Feature, ...]

    @property
    def table(self) -> str:
        """Qualified name of the table that training reads."""
        return f"features.{self.name}"

    @property
    def names(self) -> list[str]:
        """Feature names in model order."""
        return [feature.name for feature in self.features]

    @property
    def hash(self) -> str:
        """SHA-256 over everything that changes a model's input; an artifact carries it."""
        content = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()

    def of(self, source: Source) -> list[Feature]:
        """Return the features that serving gets from a source."""
        return [feature for feature in self.features if feature.source is source]

    def vector(self, values: Mapping[str, float | None]) -> list[float]:
        """Return the values in model order, defaults filled in and unknowns as NaN.

        Raises
        ------
        KeyError
            If a value's name is not a feature of the view.
        """
        unknown = sorted(set(values) - set(self.names))
        if unknown:
            raise KeyError(f"{self.name} has no feature {', '.join(unknown)}")
        return [self._filled(feature, values.get(feature.name)) for feature in self.features]

    @staticmethod
    def _filled(feature: Feature, value: float | None) -> float:
        if value is None:
            value = feature.default
        return float("nan") if value is None else float(value)
