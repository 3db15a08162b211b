"""Models change under load, and Kafka, Valkey and models may be away."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import valkey

from deploy.local.ports import free_port
from serving.decisions import Decision, DecisionLog
from serving.settings import Settings
from tests.integration import plain
from tests.integration.serving.conftest import Decisions, running, until
from tests.integration.serving.scorers import publish
from tests.integration.serving.test_answers import question


def state(client: httpx.Client, family: str) -> dict[str, Any]:
    models: list[dict[str, Any]] = client.get("/v1/models").json()["models"]
    return next(model for model in models if model["family"] == family)


def test_a_new_artifact_comes_into_service_without_a_failed_request(
    serving: httpx.Client, artifacts: Path
) -> None:
    stop, outcomes = threading.Event(), list[tuple[int, str]]()

    def ask() -> None:
        with plain.Client(base_url=serving.base_url, timeout=20) as client:
            while not stop.is_set():
                answer = client.post("/v1/fraud/score", json=question())
                outcomes.append((answer.status_code, answer.json().get("model_version", "")))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    until(lambda: len(outcomes) > 0, "v1 answers")
    for version in ("v2", "v3"):
        publish(artifacts, "fraud", version)
        until(lambda version=version: (200, version) in outcomes[-50:], f"{version} answers")  # type: ignore[misc]
    stop.set()
    for thread in threads:
        thread.join()
    assert {status for status, _ in outcomes} == {200}
    assert {version for _, version in outcomes} == {"v1", "v2", "v3"}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"features": {"hash": "0" * 64}}, "features.hash"),
        ({"features": None}, "features.hash"),
        ({"files": {"model.json": "0" * 64}}, "model.json: SHA-256"),
        ({"files": {"absent.txt": "0" * 64}}, "absent.txt"),
    ],
)
def test_an_unfit_artifact_is_refused_and_the_one_before_answers_on(
    serving: httpx.Client, artifacts: Path, changed: dict[str, Any], named: str
) -> None:
    assert serving.get("/readyz").status_code == 200
    publish(artifacts, "fraud", "v2", **changed)
    until(lambda: state(serving, "fraud")["state"] == "refused", "it is refused")
    model = state(serving, "fraud")
    assert named in model["reason"]
    assert (model["version"], model["published"]) == ("v1", "v2")
    ready = serving.get("/readyz")
    assert ready.status_code == 503
    assert named in ready.json()["families"]["fraud"]["reason"]
    assert serving.post("/v1/fraud/score", json=question()).json()["model_version"] == "v1"
    publish(artifacts, "fraud", "v3")
    until(lambda: serving.get("/readyz").status_code == 200, "the next fit one is in service")


def test_without_models_there_are_fallbacks_or_a_503(
    settings: Settings, store: valkey.Valkey, tmp_path: Path
) -> None:
    with running(settings.model_copy(update={"artifacts_dir": tmp_path / "none"})) as client:
        slate = client.get("/v1/recommendations", params={"subject": "s"}).json()
        assert (slate["slate"], slate["fallback"]) == ([], "no_model")
        answer = client.post("/v1/fraud/score", json=question())
        assert (answer.status_code, answer.json()["code"]) == (503, "model_away")
        assert answer.headers["retry-after"]
        assert client.get("/v1/forecasts/CJ1").status_code == 503
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").json()["families"]["fraud"]["state"] == "absent"


def test_without_the_online_store_orders_go_to_review_and_slates_use_the_context(
    settings: Settings, decisions: Decisions
) -> None:
    gone = f"redis://127.0.0.1:{free_port()}/0"
    with running(settings.model_copy(update={"valkey_url": gone})) as client:
        body = client.post("/v1/fraud/score", json=question()).raise_for_status().json()
        assert (body["action"], body["fallback"]) == ("review", "features_away")
        assert "the shopper's history could not be read" in body["reasons"]
        slate = client.get("/v1/recommendations", params={"subject": "s", "context": "CJ1"}).json()
        assert slate["fallback"] == "features_away"
        assert slate["slate"][0]["sku"] == "CJ1"
        assert client.get("/readyz").json()["online_store"] == "away"
        (event,) = decisions.of(body["decision_id"])
        assert event["data"]["fallback"] == "features_away"


def test_without_kafka_answers_go_on_and_waiting_decisions_stay_bounded(
    settings: Settings, store: valkey.Valkey
) -> None:
    gone = {
        "kafka_bootstrap_servers": f"127.0.0.1:{free_port()}",
        "decision_queue": 20,
        "decision_flush_s": 0.1,
    }
    with running(settings.model_copy(update=gone)) as client:
        for _ in range(60):
            assert client.post("/v1/fraud/score", json=question()).status_code == 200
        assert 0 < client.get("/readyz").json()["decisions_waiting"] <= 20
        page = client.get("/metrics").text
        dropped = [line for line in page.splitlines() if 'outcome="dropped"' in line]
        assert float(dropped[0].rsplit(" ", 1)[1]) >= 40


def test_every_answer_under_load_is_one_decision_and_a_shutdown_flushes_them(
    settings: Settings, store: valkey.Valkey, decisions: Decisions
) -> None:
    with running(settings) as client:
        ids = [
            client.post("/v1/fraud/score", json=question()).json()["decision_id"]
            for _ in range(200)
        ]
    assert len({event["id"] for event in decisions.of(*ids)}) == 200


def test_handing_a_decision_over_never_waits_for_kafka() -> None:
    log = DecisionLog(f"127.0.0.1:{free_port()}", queue=5)
    try:
        for _ in range(50):
            log.record(
                Decision(family="carbon", route="/v1/footprint", started=time.perf_counter())
            )
        assert log.waiting <= 5
    finally:
        assert log.close(0.1) <= 5
