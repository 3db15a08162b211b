"""What training leaves."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from models.artifacts import Artifact, Metric, Training, build
from models.features import ORDER_FRAUD, FeatureView

TRAINING = Training(datetime(2018, 1, 2, tzinfo=UTC), "2017-12-19", "2018-01-01", 10, 1, {"a": 1})
METRIC = Metric("auc", 0.9, "a rule", 0.7, True, "2017-12-28", "2018-01-01", 99)


def artifact(**changes: Any) -> Artifact:
    given: dict[str, Any] = {"files": {"model.txt": b"trees"}, "metrics": [METRIC], **changes}
    return build("fraud", given.pop("training", TRAINING), view=ORDER_FRAUD, **given)


def test_a_manifest_survives_json() -> None:
    manifest = artifact().manifest
    assert json.loads(json.dumps(manifest)) == manifest


def test_a_manifest_names_every_file_with_its_hash() -> None:
    made = artifact()
    assert made.manifest["files"] == {
        name: hashlib.sha256(content).hexdigest() for name, content in made.files.items()
    }


def test_a_manifest_says_which_features_the_model_takes_in_which_order() -> None:
    features = artifact().manifest["features"]
    assert features["names"] == ORDER_FRAUD.names
    assert features["dtypes"] == [feature.dtype for feature in ORDER_FRAUD.features]
    assert features["hash"] == ORDER_FRAUD.hash


def test_metrics_come_back_as_they_were_put_in() -> None:
    assert artifact().metrics == [METRIC]


@pytest.mark.parametrize(
    "changes",
    [
        {"files": {"model.txt": b"other trees"}},
        {"metrics": [replace(METRIC, value=0.8)]},
        {"training": replace(TRAINING, seed=2)},
        {"training": replace(TRAINING, params={"a": 2})},
        {"training": replace(TRAINING, rows=11)},
    ],
)
def test_anything_else_in_it_is_another_version(changes: dict[str, Any]) -> None:
    assert artifact(**changes).version != artifact().version


def test_the_same_training_is_the_same_version() -> None:
    assert artifact().version == artifact().version


@pytest.mark.parametrize(
    ("value", "higher_is_better", "beats"),
    [(0.8, True, True), (0.7, True, False), (0.6, False, True), (0.7, False, False)],
)
def test_a_tie_beats_no_baseline(value: float, higher_is_better: bool, beats: bool) -> None:
    metric = replace(METRIC, value=value, higher_is_better=higher_is_better)
    assert metric.beats_baseline is beats


def changed_views() -> list[FeatureView]:
    first, *others = ORDER_FRAUD.features
    return [
        replace(ORDER_FRAUD, features=(*others, first)),
        replace(ORDER_FRAUD, features=tuple(others)),
        replace(ORDER_FRAUD, features=(replace(first, dtype="float64"), *others)),
        replace(ORDER_FRAUD, features=(replace(first, default=0.0), *others)),
        replace(ORDER_FRAUD, features=(replace(first, description="In euros."), *others)),
    ]


@pytest.mark.parametrize("view", changed_views())
def test_whatever_changes_a_models_input_changes_the_views_hash(view: FeatureView) -> None:
    assert view.hash != ORDER_FRAUD.hash
