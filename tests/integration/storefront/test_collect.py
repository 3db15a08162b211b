"""Clicks: good ones arrive, bad ones are named, nobody is named without consent."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uuid_utils
from confluent_kafka import Message

from pipelines.ingest.topics import PARTITIONS
from storefront_api.events import DEAD_LETTERS, Event, Topic
from tests.integration import plain
from tests.integration.storefront.conftest import PARTNER, Database, Worker
from tests.integration.storefront.topics import Letter, letters_of, messages


def click(**changed: Any) -> dict[str, Any]:
    data = {"session_id": "ses-1", "anonymous_id": "a-1", "sku": "CJ1", **changed.pop("data", {})}
    return {
        "id": str(uuid_utils.uuid7()),
        "type": "product_viewed",
        "occurred_at": "2017-12-20T10:00:00.123Z",
        "data": data,
        **changed,
    }


def dead_letters(environment: dict[str, str]) -> list[Letter]:
    return letters_of(environment["KAFKA_BOOTSTRAP_SERVERS"], environment["DATABASE_URL"])


def test_the_good_events_of_a_batch_arrive_and_the_bad_ones_are_named(
    shopper: httpx.Client, read_events: Callable[..., list[Event]]
) -> None:
    good = [click(), click(type="product_added", data={"quantity": 2})]
    bad = {
        "id": click(id="x"),
        "type": click(type="order_completed"),
        "data.sku": click(data={"sku": "no sku"}),
        "data.quantity": click(type="product_added"),
        "occurred_at": click(occurred_at="0001-01-01T00:00:00+14:00"),
        "subject": click(subject="s-1"),
        "data": {k: v for k, v in click().items() if k != "data"},
        "received_at": click(received_at="2017-12-20T10:00:00Z"),
        "data.session_id": click(data={"session_id": "\ud800"}),
    }
    trace = uuid.uuid4().hex
    answer = shopper.post(
        "/collect",
        content=json.dumps({"events": [good[0], *bad.values(), good[1]]}),
        headers={"traceparent": f"00-{trace}-{'1' * 16}-01", "Content-Type": "application/json"},
    )
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    refused = {(r["index"], r["field"]) for r in answer.json()["refused"]}
    assert refused == set(enumerate(bad, start=1))
    wanted = {event["id"] for event in good}
    arrived = [e for e in read_events(Topic.CLICKSTREAM) if str(e.id) in wanted]
    assert {str(event.id) for event in arrived} == wanted
    assert {event.trace_id for event in arrived} == {trace}
    assert {event.subject[:2] for event in arrived} == {"p-"}


def test_what_is_refused_is_a_dead_letter_with_one_key_however_often_it_comes(
    shopper: httpx.Client, environment: dict[str, str]
) -> None:
    bad = click(data={"sku": "no sku"}, version=1)
    for _ in range(2):
        assert shopper.post("/collect", json={"events": [bad, click()]}).json()["accepted"] == 1
    letters = [each for each in dead_letters(environment) if bad["id"].encode() in each.payload]
    assert len({each.key for each in letters}) == 1
    assert len(letters) == 2
    headers = {name: json.loads(value) for name, value in letters[0].headers}
    assert headers.pop("reason").startswith("data.sku: ")
    assert headers == {
        "topic": "eco.clickstream.v1",
        "partition": -1,
        "offset": -1,
        "schema_version": 1,
    }


def lying(environment: dict[str, str], word: str) -> list[str]:
    """Return the topics of which a message holds a word, in whatever part of it."""
    wanted = {Topic.CLICKSTREAM.value: PARTITIONS, DEAD_LETTERS: 1}
    return [
        topic
        for topic, partitions in wanted.items()
        for message in messages(environment["KAFKA_BOOTSTRAP_SERVERS"], [topic], partitions)
        if word.encode() in b"".join(map(bytes, _parts(message)))
    ]


def _parts(message: Message) -> Iterator[Any]:
    yield from (message.key() or b"", message.value() or b"")
    yield from dict(message.headers() or []).values()


def test_what_one_typed_lies_sealed_in_kafka_and_is_not_taken_while_no_key_is_to_be_had(
    new_shopper: Callable[[], httpx.Client],
    environment: dict[str, str],
    database: Database,
    read_events: Callable[..., list[Event]],
) -> None:
    shopper, typed = new_shopper(), f"typed{uuid.uuid4().hex}"
    said = {"session_id": "ses-1", "query": typed, "results": 1}
    search = click(type="products_searched") | {"data": said}
    refused = search | {"id": str(uuid_utils.uuid7()), "data": said | {"results": -1}}
    body = {"events": [search, refused]}
    database.rows("ALTER TABLE subject_keys RENAME TO subject_keys_away")
    try:
        answer = shopper.post("/collect", json=body)
        assert (answer.status_code, answer.json()["code"]) == (503, "away")
        assert answer.headers["Retry-After"] == "2"
        assert shopper.post("/collect", json={"events": [click()]}).status_code == 202
    finally:
        database.rows("ALTER TABLE subject_keys_away RENAME TO subject_keys")
    assert shopper.post("/collect", json=body).json()["accepted"] == 1
    (arrived,) = (e for e in read_events(Topic.CLICKSTREAM) if str(e.id) == search["id"])
    assert arrived.data.query == typed  # type: ignore[attr-defined]
    assert len([each for each in dead_letters(environment) if typed.encode() in each.payload]) == 1
    assert lying(environment, typed) == []
    assert lying(environment, search["id"]) == [Topic.CLICKSTREAM.value]


BEACON = "/collect/beacon?key=storefront"


def beacon(store_url: str, batch: dict[str, Any], path: str = BEACON, **more: str) -> Any:
    headers = {"Content-Type": "text/plain;charset=UTF-8", **more}
    return plain.post(f"{store_url}{path}", content=json.dumps(batch), headers=headers, timeout=60)


@pytest.mark.parametrize("consent", ["granted", "denied", None])
def test_a_beacon_names_somebody_only_with_consent(
    consent: str | None,
    shopper: httpx.Client,
    store_url: str,
    read_events: Callable[..., list[Event]],
) -> None:
    event = click(data={"device_id": "d-9"})
    token = shopper.headers["Authorization"].removeprefix("Bearer ")
    batch = {"events": [event], "token": token} | ({"consent": consent} if consent else {})
    answer = beacon(store_url, batch)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1), answer.text
    (arrived,) = (e for e in read_events(Topic.CLICKSTREAM) if str(e.id) == event["id"])
    data: Any = arrived.data  # type: ignore[attr-defined]
    ids = [arrived.subject[:2], data.session_id, data.anonymous_id, data.device_id]
    assert ids == (["p-", "ses-1", "a-1", "d-9"] if consent == "granted" else ["", "", "", ""])


def test_a_token_that_has_expired_costs_no_clicks(store_url: str) -> None:
    batch = {"events": [click()], "token": "a.old", "consent": "granted"}
    assert beacon(store_url, batch).json()["accepted"] == 1


@pytest.mark.parametrize("consent", ["granted", "denied"])
def test_what_sent_a_beacon_is_told_by_its_class_alone(
    consent: str,
    start_store: Callable[..., tuple[str, Worker]],
    tmp_path: Path,
    read_events: Callable[..., list[Event]],
) -> None:
    ranges = tmp_path / "ranges.txt"
    ranges.write_text("203.0.113.0/24\n")
    url, _ = start_store(TRUSTED_PROXIES="127.0.0.1/32", DATA_CENTRE_RANGES=str(ranges))
    event, name = click(), f"Googlebot/{uuid.uuid4().hex}"
    headers = {"User-Agent": name, "X-Forwarded-For": "203.0.113.77"}
    batch = {"events": [event, click(data={"sku": "no sku"})], "consent": consent}
    assert beacon(url, batch, **headers).json()["accepted"] == 1
    (arrived,) = (e for e in read_events(Topic.CLICKSTREAM) if str(e.id) == event["id"])
    data: Any = arrived.data  # type: ignore[attr-defined]
    assert (data.agent, data.network) == ("declared_bot", "data_centre")
    assert name not in arrived.model_dump_json()
    assert "203.0.113.77" not in arrived.model_dump_json()


@pytest.mark.parametrize("key", ["", "other", "storefront,"])
def test_a_beacon_needs_a_key_of_the_stores(store_url: str, key: str) -> None:
    answer = beacon(store_url, {"events": [click()]}, f"/collect/beacon?key={key}")
    assert (answer.status_code, answer.json()["field"]) == (401, "query.key")


@pytest.mark.parametrize("query", ["", "?key=" + "k" * 65])
def test_what_cannot_be_a_key_is_named(store_url: str, query: str) -> None:
    answer = beacon(store_url, {"events": [click()]}, f"/collect/beacon{query}")
    assert (answer.status_code, answer.json()["field"]) == (422, "query.key")
    assert [each["field"] for each in answer.json()["details"]] == ["query.key"]


@pytest.mark.parametrize("path", ["/collect", "/collect/beacon"])
def test_the_collector_is_only_posted_to(partner: httpx.Client, path: str) -> None:
    answer = partner.get(path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_batch_is_logged_and_counted_as_every_request_is(
    start_store: Callable[..., tuple[str, Worker]],
) -> None:
    url, worker = start_store()
    headers = {"Authorization": f"Bearer {PARTNER}", "X-Request-Id": uuid.uuid4().hex}
    answer = plain.post(f"{url}/collect", json={"events": [click()]}, headers=headers, timeout=60)
    assert answer.headers["X-Request-Id"] == headers["X-Request-Id"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert beacon(url, {"events": [1]}).status_code == 202
    figures = plain.get(f"{url}/metrics", timeout=60).text
    for path in ("/collect", "/collect/beacon"):
        labels = f'{{method="POST",route="{path}",status="202"}}'
        assert f"ecomarket_http_request_seconds_count{labels} 1.0" in figures
    for outcome in ("accepted", "refused"):
        assert f'ecomarket_collected_events_total{{outcome="{outcome}"}} 1.0' in figures
    (line,) = (x for x in worker.log().splitlines() if headers["X-Request-Id"] in x)
    told = json.loads(line)
    assert (told["route"], told["status"], told["role"]) == ("/collect", 202, "partner")


def test_each_key_has_a_rate_limit_of_its_own(
    start_store: Callable[..., tuple[str, Worker]],
) -> None:
    url, _ = start_store(COLLECT_KEYS="one,two")
    left = [
        int(
            beacon(url, {"events": [click()]}, f"/collect/beacon?key={key}")
            .headers["RateLimit"]
            .split(";")[1][2:]
        )
        for key in ("one", "one", "two")
    ]
    assert left[1] <= left[0]
    assert left[2] == left[0]


def test_only_the_origins_of_the_setting_may_read_the_answers(
    store_url: str, start_store: Callable[..., tuple[str, Worker]]
) -> None:
    shop, other = "https://shop.example", "https://other.example"
    url, _ = start_store(COLLECT_ORIGINS=shop)
    preflight = {"Access-Control-Request-Method": "POST"}

    def allowed(base: str, origin: str, path: str = BEACON) -> tuple[str | None, str | None]:
        asked = httpx.options(f"{base}{path}", headers={"Origin": origin, **preflight})
        told = beacon(base, {"events": [click()]}, path, Origin=origin)
        name = "access-control-allow-origin"
        return asked.headers.get(name), told.headers.get(name)

    assert allowed(url, shop) == (shop, shop)
    assert allowed(url, other) == (None, None)
    assert allowed(store_url, shop) == (None, None)
    assert allowed(url, shop, "/cart/merge") == (None, None)


def test_an_id_that_is_no_uuidv7_is_refused(shopper: httpx.Client) -> None:
    answer = shopper.post("/collect", json={"events": [click(id=str(uuid.uuid4()))]})
    assert [refused["field"] for refused in answer.json()["refused"]] == ["id"]


def test_a_partner_states_whose_clicks_they_are(
    partner: httpx.Client, read_events: Callable[..., list[Event]]
) -> None:
    event = click(subject="s-42")
    assert partner.post("/collect", json={"events": [event]}).json()["accepted"] == 1
    (arrived,) = (e for e in read_events(Topic.CLICKSTREAM) if str(e.id) == event["id"])
    assert arrived.subject == "s-42"


def test_a_batch_has_bounds(shopper: httpx.Client) -> None:
    too_many = shopper.post("/collect", json={"events": [click()] * 501})
    assert (too_many.status_code, too_many.json()["field"]) == (422, "body.events")
    too_large = shopper.post("/collect", content=b" " * (2**20 + 1))
    assert (too_large.status_code, too_large.json()["code"]) == (413, "too_large")
