"""From training over the disk to an answer: the same bytes, the same answers, or a refusal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models import demand, fraud, recommend
from models.artifacts import Artifact
from models.features import ORDER_FRAUD
from pipelines.artifact_store import promote, save
from serving.disk import UnfitArtifactError, pointed_at, read, require_features
from tests.model.conftest import AS_OF

FEW = 15


@pytest.fixture(scope="module")
def few_lines(lines: pd.DataFrame) -> pd.DataFrame:
    return lines[lines["subject"].isin(sorted(lines["subject"].unique())[:FEW])]


@pytest.fixture(scope="module")
def few_products(daily: pd.DataFrame) -> pd.DataFrame:
    return daily[daily["sku"].isin(sorted(daily["sku"].unique())[:FEW])]


@pytest.fixture(scope="module")
def recommender(few_lines: pd.DataFrame) -> Artifact:
    return recommend.train(few_lines, as_of=AS_OF, seed=1)


@pytest.fixture(scope="module")
def forecaster(few_products: pd.DataFrame) -> Artifact:
    return demand.train(few_products, as_of=AS_OF, seed=1)


@pytest.fixture(scope="module")
def detector(orders: pd.DataFrame) -> Artifact:
    return fraud.train(orders, as_of=AS_OF, seed=1)


def through_disk(folder: Path, artifact: Artifact) -> Artifact:
    """Publish an artifact and read what is published."""
    save(folder, artifact)
    promote(folder, artifact.family, artifact.version)
    family = folder / artifact.family
    return read(family, pointed_at(family))


def test_a_recommender_read_back_gives_the_same_slates(
    recommender: Artifact, few_lines: pd.DataFrame, tmp_path: Path
) -> None:
    back = through_disk(tmp_path, recommender)
    ours = recommend.load(recommender.files, recommender.manifest)
    theirs = recommend.load(back.files, back.manifest)
    some = few_lines["sku"].unique()[:20].tolist()
    shoppers = few_lines["subject"].unique()[:10].tolist()
    for subject, *recent in zip(shoppers, some[::2], some[1::2], strict=True):
        slate = ours.recommend(subject=subject, recent=recent, context=recent[:1], k=10)
        assert slate
        assert theirs.recommend(subject=subject, recent=recent, context=recent[:1], k=10) == slate


def test_a_fraud_model_read_back_gives_the_same_scores(
    detector: Artifact, orders: pd.DataFrame, tmp_path: Path
) -> None:
    back = through_disk(tmp_path, detector)
    ours = fraud.load(detector.files, detector.manifest)
    theirs = fraud.load(back.files, back.manifest)
    for row in orders[ORDER_FRAUD.names].head(50).to_dict("records"):
        features = {str(name): float(value) for name, value in row.items()}
        assert theirs.score(features) == ours.score(features)


def test_a_forecaster_read_back_gives_the_same_forecasts(
    forecaster: Artifact, tmp_path: Path
) -> None:
    back = through_disk(tmp_path, forecaster)
    ours = demand.load(forecaster.files, forecaster.manifest)
    theirs = demand.load(back.files, back.manifest)
    assert len(ours.skus) == FEW
    for sku in ours.skus:
        found = ours.forecast(sku, 14)
        assert found is not None
        assert found.as_of == AS_OF.date()
        assert theirs.forecast(sku, 14) == found
        assert all(0 <= day.p10 <= day.p50 <= day.p90 for day in found.days)


def test_the_same_seed_gives_the_same_recommender(
    recommender: Artifact, few_lines: pd.DataFrame
) -> None:
    assert recommend.train(few_lines, as_of=AS_OF, seed=1) == recommender


def test_the_same_seed_gives_the_same_forecaster(
    forecaster: Artifact, few_products: pd.DataFrame
) -> None:
    assert demand.train(few_products, as_of=AS_OF, seed=1) == forecaster


def test_the_same_seed_gives_the_same_fraud_model_whatever_the_rows_order(
    detector: Artifact, orders: pd.DataFrame
) -> None:
    mixed = orders.iloc[np.random.default_rng(1).permutation(len(orders))]
    assert fraud.train(mixed, as_of=AS_OF, seed=1) == detector


def test_another_seed_gives_another_fraud_model(detector: Artifact, orders: pd.DataFrame) -> None:
    assert fraud.train(orders, as_of=AS_OF, seed=2).files != detector.files


def test_an_artifact_of_another_feature_view_is_refused(detector: Artifact, tmp_path: Path) -> None:
    back = through_disk(tmp_path, detector)
    require_features(back, ORDER_FRAUD)
    changed = replace(ORDER_FRAUD, features=ORDER_FRAUD.features[::-1])
    with pytest.raises(UnfitArtifactError, match=r"features\.hash"):
        require_features(back, changed)


def test_a_file_that_changed_on_disk_is_refused(detector: Artifact, tmp_path: Path) -> None:
    through_disk(tmp_path, detector)
    file = tmp_path / "fraud" / detector.version / "model.txt"
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(UnfitArtifactError, match=r"model\.txt"):
        read(tmp_path / "fraud", detector.version)


@pytest.mark.parametrize("family", ["recommender", "detector", "forecaster"])
def test_no_file_needs_pickle(family: str, request: pytest.FixtureRequest) -> None:
    artifact: Artifact = request.getfixturevalue(family)
    assert {Path(name).suffix for name in artifact.files} <= {".json", ".npz", ".txt"}
