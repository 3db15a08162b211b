"""A trained artifact answers over HTTP what it answers in the process that trained it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
import valkey

from models import fraud
from models.artifacts import Artifact
from models.features import ORDER_FRAUD
from pipelines.artifact_store import promote, save
from serving.app import create_app
from serving.families import LOADERS
from serving.settings import Settings
from tests.integration.serving.conftest import Decisions, running
from tests.integration.serving.test_answers import AT_MS, place, question

AS_OF = datetime(2017, 12, 29, tzinfo=UTC)


@pytest.fixture(scope="module")
def trained() -> Artifact:
    """A fraud model of orders in which bursts by one card are fraud."""
    source = np.random.default_rng(7)
    count = 2000
    ordered = [AS_OF - timedelta(days=20) + timedelta(minutes=10 * n) for n in range(count)]
    frame = pd.DataFrame(
        {name: source.integers(0, 5, count).astype("float64") for name in ORDER_FRAUD.names}
    )
    frame["is_fraud"] = (frame["card_orders_24h"] >= 4).astype("int64")
    frame["ordered_at"] = ordered
    frame["order_date"] = [at.date() for at in ordered]
    frame["label_at"] = [at + timedelta(days=2) for at in ordered]
    frame["order_id"] = [f"o{n:05d}" for n in range(count)]
    return fraud.train(frame, as_of=AS_OF, seed=1)


def test_a_served_score_is_the_trained_models_own(
    settings: Settings,
    store: valkey.Valkey,
    decisions: Decisions,
    trained: Artifact,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "trained"
    save(folder, trained)
    promote(folder, "fraud", trained.version)
    place(store, *[(AT_MS - 60_000 * n - 1, "s", "c", "d", 100) for n in range(4)])
    scorer = fraud.load(trained.files, trained.manifest)
    with running(settings.model_copy(update={"artifacts_dir": folder}), LOADERS) as client:
        burst = client.post("/v1/fraud/score", json=question()).raise_for_status().json()
        calm = client.post("/v1/fraud/score", json=question(payment_fingerprint="new")).json()
        models: httpx.Response = client.get("/v1/models")
    assert burst["model_version"] == trained.version
    assert burst["score"] > calm["score"]
    for event, answer in zip(
        decisions.of(burst["decision_id"], calm["decision_id"]), (burst, calm), strict=True
    ):
        offline = scorer.score(event["data"]["features"])
        assert answer["score"] == pytest.approx(offline.score, abs=1e-12)
        assert answer["action"] == offline.action
        assert answer["reasons"][: len(offline.reasons)] == list(offline.reasons)
    manifest = next(m["manifest"] for m in models.json()["models"] if m["family"] == "fraud")
    assert manifest["features"]["hash"] == ORDER_FRAUD.hash
    assert {"value", "baseline", "baseline_value"} <= set(manifest["metrics"][0])


@pytest.mark.parametrize(
    ("files", "reason"), [({}, "model.txt"), ({"model.txt": b"no trees"}, "UnfitArtifactError")]
)
def test_an_artifact_without_a_readable_model_is_refused(
    settings: Settings,
    store: valkey.Valkey,
    trained: Artifact,
    tmp_path: Path,
    files: dict[str, bytes],
    reason: str,
) -> None:
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = {**trained.manifest, "files": hashes}
    folder = tmp_path / "unreadable"
    save(folder, Artifact("fraud", manifest, files))
    promote(folder, "fraud", trained.version)
    with running(settings.model_copy(update={"artifacts_dir": folder}), LOADERS) as client:
        family = client.get("/readyz").json()["families"]["fraud"]
        assert family["state"] == "refused"
        assert reason in family["reason"]
        assert client.post("/v1/fraud/score", json=question()).status_code == 503


def test_creating_the_application_connects_to_nothing() -> None:
    nowhere = Settings(valkey_url="redis://127.0.0.1:1/0", kafka_bootstrap_servers="127.0.0.1:1")
    assert create_app(nowhere).title
