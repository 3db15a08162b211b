"""What training leaves: a manifest that says what it is, and files of bytes.

Files are JSON, NPZ without pickles, or LightGBM's text; nothing that runs code when it is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from models.features import FeatureView

FORMAT = 1


@dataclass(frozen=True)
class Metric:
    """A figure on data later than all training data, beside the naive baseline's.

    Parameters
    ----------
    name
        What was measured, with its cut-off, for example ``ndcg@10``.
    value, baseline_value
        The model's figure and the baseline's.
    baseline
        What the baseline does.
    higher_is_better
        Which way is good.
    window_from, window_to
        UTC days of the evaluation, the end exclusive.
    n
        Number of cases.
    """

    name: str
    value: float
    baseline: str
    baseline_value: float
    higher_is_better: bool
    window_from: str
    window_to: str
    n: int

    @property
    def beats_baseline(self) -> bool:
        """Whether the model is better than the baseline."""
        if self.higher_is_better:
            return self.value > self.baseline_value
        return self.value < self.baseline_value


@dataclass(frozen=True)
class Training:
    """Where an artifact comes from.

    Parameters
    ----------
    as_of
        Nothing that happened or was known at or after this instant was used.
    data_from, data_to
        UTC days of the training data, the end exclusive.
    rows
        Rows of it.
    seed
        Seed of everything random.
    params
        Settings of the algorithm.
    """

    as_of: datetime
    data_from: str
    data_to: str
    rows: int
    seed: int
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Artifact:
    """A trained model: its manifest as JSON-ready values, and its files."""

    family: str
    manifest: Mapping[str, Any]
    files: Mapping[str, bytes]

    @property
    def version(self) -> str:
        """The training's instant and a digest of the content: the same input, the same version."""
        return str(self.manifest["version"])

    @property
    def metrics(self) -> list[Metric]:
        """The figures of the manifest."""
        return [Metric(**metric) for metric in self.manifest["metrics"]]


def build(
    family: str,
    training: Training,
    files: Mapping[str, bytes],
    metrics: Sequence[Metric],
    view: FeatureView | None = None,
) -> Artifact:
    """Put an artifact together.

    Parameters
    ----------
    view
        The feature view that the model reads, if it reads one; its hash is what serving compares.
    """
    as_of = training.as_of.strftime("%Y-%m-%dT%H:%M:%SZ")
    content = {
        "format": FORMAT,
        "family": family,
        "as_of": as_of,
        "data": {"from": training.data_from, "to": training.data_to, "rows": training.rows},
        "seed": training.seed,
        "params": dict(training.params),
        "features": _described(view) if view else None,
        "metrics": [asdict(metric) for metric in metrics],
    }
    return _named(family, content, files)


def with_files(artifact: Artifact, files: Mapping[str, bytes]) -> Artifact:
    """Return the same training with other content, which makes it another version."""
    content = {name: value for name, value in artifact.manifest.items() if name != "version"}
    return _named(artifact.family, content, files)


def _named(family: str, content: Mapping[str, Any], files: Mapping[str, bytes]) -> Artifact:
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    content = {**content, "files": hashes}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    version = f"{content['as_of'].replace('-', '').replace(':', '')}-{digest[:10]}"
    return Artifact(family, {"version": version, **content}, dict(files))


def _described(view: FeatureView) -> dict[str, Any]:
    return {
        "view": view.name,
        "hash": view.hash,
        "names": view.names,
        "dtypes": [feature.dtype for feature in view.features],
    }
