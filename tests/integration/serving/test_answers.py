"""Every route answers from its model, and every answer becomes one decision event."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pandas as pd
import pytest
import valkey

import storefront_api.events as events
from models.features import ORDER_FRAUD, Source
from pipelines.stream.batch import Batch
from pipelines.stream.decode import OrderSeen
from pipelines.stream.publish import publish_batch_features
from pipelines.stream.store import OnlineStore
from serving.routes.fraud import EXAMPLE
from tests.integration.serving.conftest import Decisions

AT = datetime(2017, 12, 30, 8, tzinfo=UTC)
AT_MS = int(AT.timestamp()) * 1000
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
BATCH = [feature.name for feature in ORDER_FRAUD.of(Source.BATCH)]


def question(**changed: Any) -> dict[str, Any]:
    asked = {"occurred_at": AT.isoformat(), "subject": "s", "device_id": "d"}
    return EXAMPLE | asked | {"payment_fingerprint": "c"} | changed


def place(store: valkey.Valkey, *orders: tuple[int, str, str, str, int]) -> None:
    """Put orders (instant, subject, card, device, amount) into the store as the stream does."""
    batch = Batch()
    for number, (at_ms, subject, card, device, amount) in enumerate(orders):
        batch.add(OrderSeen(at_ms, f"o{number}", subject, device, card, amount, ("CJ7",)))
    apply(store, batch)


def apply(store: valkey.Valkey, batch: Batch) -> None:
    """Write a batch as the stream does."""
    online, place = OnlineStore(store), ("a test's orders", 0)
    reached = online.offsets([place])
    online.write(batch, {place: (reached[place] or 0) + 1}, reached)


def test_recommendations_come_from_the_context_and_the_latest_products(
    serving: httpx.Client, store: valkey.Valkey, decisions: Decisions
) -> None:
    place(store, (AT_MS, "s", "c", "d", 1))
    answer = serving.get("/v1/recommendations", params={"subject": "s", "k": 2, "context": "CJ1"})
    body = answer.raise_for_status().json()
    assert [item["sku"] for item in body["slate"]] == ["CJ1", "CJ7"]
    (event,) = decisions.of(body["decision_id"])
    assert event["subject"] == "s"
    assert event["data"]["scores"] == {"CJ1": 1.0, "CJ7": 0.5}
    assert event["data"]["model_version"] == "v1"


def test_a_fraud_decision_holds_request_features_score_and_reasons(
    serving: httpx.Client, store: valkey.Valkey, decisions: Decisions
) -> None:
    place(store, (AT_MS - 1, "s", "c", "d", 100), (AT_MS - 2, "s", "c", "d", 20))
    headers = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
    body = serving.post("/v1/fraud/score", json=question(), headers=headers).json()
    assert (body["score"], body["action"], body["fallback"]) == (0.5, "review", "")
    (event,) = decisions.of(body["decision_id"])
    parsed = events.parse(events.Topic.DECISIONS, json.dumps(event))
    assert parsed.occurred_at == AT
    assert event["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    data = event["data"]
    assert list(data["features"]) == ORDER_FRAUD.names
    assert data["features"]["card_amount_24h_minor"] == 120
    assert data["request"]["amount_minor"] == 547
    assert data["reasons"] == body["reasons"]
    assert data["latency_ms"] > 0


@pytest.mark.parametrize(
    ("age_ms", "hour", "day"),
    [
        (0, 0, 0),
        (1, 1, 1),
        (HOUR_MS, 1, 1),
        (HOUR_MS + 1, 0, 1),
        (DAY_MS, 0, 1),
        (DAY_MS + 1, 0, 0),
    ],
)
def test_windows_are_closed_at_their_start_and_open_at_the_order(
    serving: httpx.Client,
    store: valkey.Valkey,
    decisions: Decisions,
    age_ms: int,
    hour: int,
    day: int,
) -> None:
    place(store, (AT_MS - age_ms, "s", "c", "d", 100))
    body = serving.post("/v1/fraud/score", json=question()).json()
    features = decisions.of(body["decision_id"])[0]["data"]["features"]
    assert features["card_orders_1h"] == hour
    assert features["card_orders_24h"] == day
    assert features["card_amount_24h_minor"] == 100 * day
    assert features["device_orders_24h"] == features["shopper_orders_24h"] == day
    known = int(age_ms > 0)
    assert features["known_card"] == features["known_device"] == known


def test_served_features_equal_the_training_rows_of_the_same_orders(
    serving: httpx.Client, store: valkey.Valkey, decisions: Decisions
) -> None:
    """Orders are placed one by one; before each, its features are asked for and compared with
    what a plain recount of all orders says, by the definitions of the training table.
    """
    rows = [
        {
            "at": AT + timedelta(minutes=37 * number),
            "subject": f"s{number % 3}",
            "card": "" if number % 7 == 0 else f"c{number % 4}",
            "device": f"d{number % 5}",
            "amount": 100 + number,
        }
        for number in range(60)
    ]
    frame = pd.DataFrame(rows)
    asked = []
    batch = Batch()
    for number, row in enumerate(rows):
        body = serving.post(
            "/v1/fraud/score",
            json=question(
                occurred_at=row["at"].isoformat(),  # type: ignore[attr-defined]
                subject=row["subject"],
                device_id=row["device"],
                payment_fingerprint=row["card"],
            ),
        ).json()
        asked.append(body["decision_id"])
        at_ms = int(row["at"].timestamp() * 1000)  # type: ignore[attr-defined]
        names = (str(row["subject"]), str(row["device"]), str(row["card"]))
        batch.add(OrderSeen(at_ms, f"o{number}", *names, int(str(row["amount"])), ()))
        apply(store, batch)
    for row, event in zip(rows, decisions.of(*asked), strict=True):
        served = event["data"]["features"]
        expected = _recount(frame, row)
        assert {name: served[name] for name in expected} == expected


def _recount(orders: pd.DataFrame, row: dict[str, Any]) -> dict[str, float]:
    before = orders[orders["at"] < row["at"]]
    hour = before[before["at"] >= row["at"] - timedelta(hours=1)]
    day = before[before["at"] >= row["at"] - timedelta(days=1)]
    own = before[before["subject"] == row["subject"]]
    card = row["card"]
    of_card = day[(day["card"] == card) & (card != "")]
    return {
        "card_orders_1h": int(((hour["card"] == card) & (card != "")).sum()),
        "card_orders_24h": len(of_card),
        "card_amount_24h_minor": int(of_card["amount"].sum()),
        "device_orders_24h": int((day["device"] == row["device"]).sum()),
        "shopper_orders_24h": int((day["subject"] == row["subject"]).sum()),
        "known_card": int(((own["card"] == card) & (card != "")).any()),
        "known_device": int((own["device"] == row["device"]).any()),
    }


def test_batch_features_are_those_published_and_missing_ones_stay_missing(
    serving: httpx.Client, store: valkey.Valkey, decisions: Decisions
) -> None:
    frame = pd.DataFrame(
        [dict.fromkeys(BATCH, 3.0) | {"subject": "s", "days_since_last_order": None}]
    )
    publish_batch_features(store, frame, date(2017, 12, 30))
    known, stranger = (
        serving.post("/v1/fraud/score", json=question(subject=subject)).json()
        for subject in ("s", "stranger")
    )
    first, second = decisions.of(known["decision_id"], stranger["decision_id"])
    features = first["data"]["features"]
    assert features["mean_amount_90d_minor"] == 3.0
    assert features["amount_ratio"] == pytest.approx(547 / 3)
    assert features["days_since_last_order"] is None
    defaults = second["data"]["features"]
    assert defaults["orders_90d"] == 0
    assert defaults["mean_amount_90d_minor"] is None
    assert "no history of the shopper is published" in stranger["reasons"]


def test_days_go_on_being_counted_while_nothing_newer_is_published(
    serving: httpx.Client, store: valkey.Valkey, decisions: Decisions
) -> None:
    frame = pd.DataFrame([dict.fromkeys(BATCH, 3.0) | {"subject": "s"}])
    publish_batch_features(store, frame, date(2017, 12, 28))
    body = serving.post("/v1/fraud/score", json=question()).json()
    features = decisions.of(body["decision_id"])[0]["data"]["features"]
    assert features["days_since_first_order"] == features["days_since_last_order"] == 5.0
    assert features["orders_90d"] == 3.0


def test_batch_features_of_a_later_day_are_not_used(
    serving: httpx.Client, store: valkey.Valkey, decisions: Decisions
) -> None:
    frame = pd.DataFrame([dict.fromkeys(BATCH, 3.0) | {"subject": "s"}])
    publish_batch_features(store, frame, date(2017, 12, 31))
    body = serving.post("/v1/fraud/score", json=question()).json()
    assert decisions.of(body["decision_id"])[0]["data"]["features"]["orders_90d"] == 0


def test_a_forecast_has_a_row_for_each_day(serving: httpx.Client, decisions: Decisions) -> None:
    body = serving.get("/v1/forecasts/CJ1", params={"horizon": 3}).raise_for_status().json()
    assert [row["date"] for row in body["quantiles"]] == ["2017-12-29", "2017-12-30", "2017-12-31"]
    (event,) = decisions.of(body["decision_id"])
    assert event["data"]["scores"]["2017-12-31.p90"] == 4.0


def test_a_footprint_adds_up(serving: httpx.Client, decisions: Decisions) -> None:
    order = {
        "lines": [{"sku": "CJ1", "quantity": 2}],
        "packaging": "none",
        "delivery_mode": "van",
        "distance_km": 3,
    }
    body = serving.post("/v1/footprint", json=order).raise_for_status().json()
    assert body["total_kg"] == 2.75
    assert sum(part["kg"] for part in body["parts"]) == 2.75
    assert body["low_kg"] < 2.75 < body["high_kg"]
    (event,) = decisions.of(body["decision_id"])
    assert event["data"]["scores"]["total_kg"] == 2.75


def test_alternatives_at_checkout_differ_in_one_thing_and_say_what_they_save(
    serving: httpx.Client,
) -> None:
    order = {
        "lines": [{"sku": "CJ1", "quantity": 2}],
        "packaging": "cardboard_box",
        "delivery_mode": "van",
        "distance_km": 2,
        "open_order": [{"sku": "CJ1", "quantity": 3}],
    }
    body = serving.post("/v1/footprint", json=order).raise_for_status().json()
    assert body["total_kg"] == 2 + 0.5 + 2.5 / 4
    found = {
        (other["changed"], other["packaging"], other["delivery_mode"]): other
        for other in body["alternatives"]
    }
    assert {key: other["saved_kg"] for key, other in found.items()} == {
        ("packaging", "none", "van"): 0.625,
        ("delivery_mode", "cardboard_box", "collect"): 0.625,
        ("consolidation", "cardboard_box", "van"): 0.625,
    }
    together = found["consolidation", "cardboard_box", "van"]
    assert {part["factor_id"]: part["kg"] for part in together["parts"]} == {"box": 0, "van": 0.5}
    assert "outside the boundary" in found["delivery_mode", "cardboard_box", "collect"]["note"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code", "field"),
    [
        ("GET", "/v1/recommendations?k=101", None, 422, "invalid_request", "query.k"),
        ("GET", "/v1/recommendations?context=a b", None, 422, "invalid_request", "query.context"),
        (
            "GET",
            f"/v1/recommendations?subject={'x' * 65}",
            None,
            422,
            "invalid_request",
            "query.subject",
        ),
        ("GET", "/v1/forecasts/NOPE", None, 404, "unknown_sku", ""),
        ("GET", "/v1/forecasts/CJ1?horizon=15", None, 422, "horizon_too_long", ""),
        ("GET", "/v1/forecasts/CJ1?horizon=0", None, 422, "invalid_request", "query.horizon"),
        (
            "POST",
            "/v1/fraud/score",
            question(amount_minor=-1),
            422,
            "invalid_request",
            "body.amount_minor",
        ),
        ("POST", "/v1/fraud/score", question(max_line_minor=548), 422, "invalid_request", "body"),
        (
            "POST",
            "/v1/fraud/score",
            question(occurred_at="2017-12-30T08:00"),
            422,
            "invalid_request",
            "body.occurred_at",
        ),
        ("POST", "/v1/footprint", {"lines": []}, 422, "invalid_request", "body.lines"),
        ("GET", "/v1/nothing", None, 404, "not_found", ""),
    ],
)
def test_a_bad_request_is_refused_by_field_and_rule(
    serving: httpx.Client, method: str, path: str, body: Any, status: int, code: str, field: str
) -> None:
    answer = serving.request(method, path, json=body)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert not field or field in [error["field"] for error in problem["errors"]]
