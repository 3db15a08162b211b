"""The collector's check: the contract's word, consent, the sender's clock, and dead letters."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import storefront_api.events as contract
from storefront_api.collect.batches import Batch, BeaconBatch, taken_apart
from storefront_api.collect.checking import RefusedError, Sender, letter, published
from storefront_api.collect.schemas import MAX_EVENT_BYTES
from storefront_api.collect.visitors import Visitor
from storefront_api.events import EVENTS, Topic, parse
from storefront_api.events.catalogue import SEGMENT
from storefront_api.events.clickstream import BY_THE_EDGE, MAX_OWN_PARAMETERS, ClickV1
from storefront_api.events.registry import name_of
from storefront_api.platform.errors import InvalidError

NOW = datetime(2026, 3, 1, 9, 30, 5, 250_000, tzinfo=UTC)
SENDER = Sender("p-1", False, True, NOW, None, "a" * 32, Visitor("declared_bot", "data_centre"))
PARTNER = replace(SENDER, may_state=True)
FOLDER = Path(contract.__file__).parent / "examples" / Topic.CLICKSTREAM
STORED = {"received_at", "subject", "trace_id"}


def _sent(path: Path) -> dict[str, Any]:
    """Return an example as a page sends it, without what the store adds."""
    stated = {k: v for k, v in json.loads(path.read_text()).items() if k not in STORED}
    data = {k: v for k, v in stated["data"].items() if k not in BY_THE_EDGE}
    return stated | {"data": data}


EXAMPLES = {path.stem: _sent(path) for path in sorted(FOLDER.glob("*.json"))}
ID = "01931f2e-7c40-7d3a-8c55-0f4b6a1e92d7"
VIEW = EXAMPLES["product_viewed.v1"] | {"id": ID}
IDS = ("ses-1", "a-77", "d-9", "p-1")


def sent(click: Any, sender: Sender = SENDER) -> Any:
    _, payload, _ = published(json.dumps(click).encode(), sender)
    return parse(Topic.CLICKSTREAM, payload)


def changed(**data: Any) -> dict[str, Any]:
    return VIEW | {"data": VIEW["data"] | data}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_kind_of_click_is_taken_and_its_data_stays_as_it_came(name: str) -> None:
    click = EXAMPLES[name] | {"id": ID}
    event = sent(click)
    added = {"agent": "declared_bot", "network": "data_centre"}
    assert json.loads(event.data.model_dump_json()) == click["data"] | added
    assert event.received_at == NOW
    assert event.subject == ("" if click["data"]["consent"] == "denied" else "p-1")


def test_the_bytes_of_a_good_clicks_data_are_passed_on() -> None:
    data = b'{ "session_id":"ses-1",  "query":"oats", "results":3 }'
    raw = b'{"id":"%s","type":"products_searched","occurred_at":"2026-03-01T09:30:00Z","data":%s}'
    key, payload, _ = published(raw % (ID.encode(), data), SENDER)
    assert key == b"ses-1"
    assert data[1:] in payload
    assert data in published(raw % (ID.encode(), data), PARTNER)[1]


@pytest.mark.parametrize(
    ("click", "field"),
    [
        (VIEW | {"id": "0160a2b4-5c00-4000-8000-0000000000a0"}, "id"),
        (VIEW | {"type": "order_completed"}, "type"),
        (VIEW | {"version": 9}, "type"),
        (VIEW | {"subject": "s-1"}, "subject"),
        (VIEW | {"occurred_at": "2026-03-01T09:30:00"}, "occurred_at"),
        (VIEW | {"occurred_at": "1969-03-01T09:30:00Z"}, "occurred_at"),
        (VIEW | {"occurred_at": "2149-03-01T09:30:00Z"}, "occurred_at"),
        (VIEW | {"more": 1}, "more"),
        (changed(agent="browser"), "data.agent"),
        (changed(agent=""), "data.agent"),
        (changed(network="other"), "data.network"),
        (changed(sku="no sku"), "data.sku"),
        (changed(session_id=""), "data"),
        (changed(properties={f"p{n}": 1 for n in range(16)}), "data.properties"),
        (changed(properties={"p": "x" * 101}), "data.properties.p.constrained-str"),
        (changed(properties={"x" * 41: 1}), f"data.properties.{'x' * 41}.[key]"),
        (changed(properties={"p": "x" * MAX_EVENT_BYTES}), "event"),
        ([], "event"),
        ("x", "event"),
    ],
)
def test_a_bad_click_is_refused_by_its_field(click: Any, field: str) -> None:
    with pytest.raises(RefusedError) as caught:
        sent(click)
    assert caught.value.field == field


def test_an_event_has_no_more_parameters_than_google_analytics_takes() -> None:
    for event in EVENTS[Topic.CLICKSTREAM]:
        data = event.model_fields["data"].annotation
        assert data is not None
        own = data.model_fields.keys() - ClickV1.model_fields.keys()
        assert len(own) <= MAX_OWN_PARAMETERS, event


def test_every_event_of_segments_specification_has_its_like_here() -> None:
    assert len(SEGMENT) == 28
    for topic, type_ in SEGMENT.values():
        assert (type_, 1) in map(name_of, EVENTS[topic])


@pytest.mark.parametrize(
    ("click", "sender"),
    [
        (VIEW, replace(SENDER, consent=False)),
        (changed(consent="denied"), SENDER),
        (changed(consent="granted"), replace(SENDER, consent=False)),
    ],
)
def test_without_consent_there_is_no_id(click: Any, sender: Sender) -> None:
    key, payload, _ = published(json.dumps(click).encode(), sender)
    assert key == ID.encode()
    assert not [name for name in IDS if name.encode() in payload]
    assert parse(Topic.CLICKSTREAM, payload).data.sku == VIEW["data"]["sku"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("click", "sender"),
    [
        (changed(sku="no sku"), replace(SENDER, consent=False)),
        (changed(consent="denied", sku="no sku"), SENDER),
        (VIEW | {"type": "ses-1"}, replace(SENDER, consent=False)),
        ("ses-1", replace(SENDER, consent=False)),
    ],
)
def test_nor_does_a_dead_letter_have_one(click: Any, sender: Sender) -> None:
    raw = json.dumps(click).encode()
    with pytest.raises(RefusedError) as caught:
        published(raw, sender)
    dead = letter(raw, sender, caught.value)
    assert not [name for name in IDS if name.encode() in dead.payload or name in dead.reason]


def test_a_dead_letter_is_an_event_once_its_field_is_mended() -> None:
    raw = json.dumps(changed(sku="no sku") | {"version": 1}).encode()
    with pytest.raises(RefusedError) as caught:
        published(raw, SENDER)
    dead = letter(raw, SENDER, caught.value)
    assert (dead.topic, dead.partition, dead.offset) == (Topic.CLICKSTREAM, -1, -1)
    assert dead.reason.startswith("data.sku: String should match pattern")
    assert dead.schema_version == 1
    assert dead.key == letter(raw, SENDER, caught.value).key
    event = parse(Topic.CLICKSTREAM, dead.payload.replace(b"no sku", b"CJ1"))
    assert (event.subject, event.trace_id) == (SENDER.subject, SENDER.trace_id)


@pytest.mark.parametrize(
    ("behind_s", "ago_s", "expected_s"),
    [
        (0, 30, 30),
        (1.5, 30, 30 + 1.5),
        (3600, 30, 30),
        (-3600, 30, 30),
        (3600, -10, 0),
        (0, -10, 0),
    ],
)
def test_a_senders_wrong_clock_is_corrected(
    behind_s: float, ago_s: float, expected_s: float
) -> None:
    clock = NOW - timedelta(seconds=behind_s)
    occurred_at = (clock - timedelta(seconds=ago_s)).isoformat()
    event = sent(VIEW | {"occurred_at": occurred_at}, replace(SENDER, sent_at=clock))
    assert (NOW - event.occurred_at).total_seconds() == expected_s


@pytest.mark.parametrize(
    ("stated", "written"),
    [
        ("2026-03-01T09:30:00.123Z", "2026-03-01T09:30:00.123Z"),
        ("2026-03-01T09:30:00Z", "2026-03-01T09:30:00.000Z"),
        ("2026-03-01t09:30:00.123z", "2026-03-01T09:30:00.123Z"),
        ("2026-03-01T09:30:00.123456Z", "2026-03-01T09:30:00.123Z"),
        ("2026-03-01T10:30:00.123+01:00", "2026-03-01T09:30:00.123Z"),
        ("2026-03-01T09:30:00.12-00:00", "2026-03-01T09:30:00.120Z"),
    ],
)
def test_a_time_is_published_as_the_contract_writes_it_however_it_was_stated(
    stated: str, written: str
) -> None:
    _, payload, _ = published(json.dumps(VIEW | {"occurred_at": stated}).encode(), SENDER)
    assert json.loads(payload)["occurred_at"] == written


def test_a_partner_names_another_subject_for_each_click_of_a_batch() -> None:
    partner = replace(PARTNER, subject="")
    subjects = ["s-1", "", 's-"2"', "s-1"]
    found = [sent(VIEW | {"subject": subject}, partner).subject for subject in subjects]
    assert found == subjects


def test_without_the_senders_clock_its_times_stand() -> None:
    later = (NOW + timedelta(hours=1)).isoformat()
    assert sent(VIEW | {"occurred_at": later}).occurred_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"\xff", "body"),
        (b"[]", "body"),
        (b"{}", "body"),
        (b'{"events": []}', "body.events"),
        (b'{"events": {}}', "body.events"),
        (b'{"events": [1], "sent_at": "x"}', "body.sent_at"),
        (b'{"events": [1], "sent_at": "2500-01-01T00:00:00Z"}', "body.sent_at"),
        (b'{"events": [1], "consent": "perhaps"}', "body.consent"),
        (b'{"events": [1], "more": 1}', "body"),
        (b'{"events": [' + b"[" * 100_000, "body"),
    ],
)
def test_what_is_no_batch_is_refused_by_its_field(body: bytes, field: str) -> None:
    with pytest.raises(InvalidError) as caught:
        taken_apart(body, Batch)
    assert caught.value.problem.field == field


def test_a_page_has_to_say_that_there_is_consent() -> None:
    assert taken_apart(b'{"events": [1]}', BeaconBatch).consent == "denied"
    assert taken_apart(b'{"events": [1]}', Batch).consent == "granted"


def test_half_a_surrogate_pair_costs_no_neighbour_its_place() -> None:
    batch = taken_apart(json.dumps({"events": [VIEW, changed(sku="\ud800"), VIEW]}).encode(), Batch)
    outcomes = []
    for event in batch.events:
        try:
            published(bytes(event), SENDER)
            outcomes.append("")
        except RefusedError as error:
            outcomes.append(error.field)
    assert outcomes == ["", "data.sku", ""]


def test_no_way_of_writing_hides_from_the_check_that_a_page_states_its_agent() -> None:
    raw = json.dumps(changed(hidden="")).replace('"hidden"', '"\\u0061gent"').encode()
    with pytest.raises(RefusedError) as caught:
        published(raw, SENDER)
    assert caught.value.field == "data.agent"


def test_a_partner_states_what_kind_of_program_it_was_and_nothing_is_said_of_its_own() -> None:
    assert sent(changed(agent="headless", network="other"), PARTNER).data.agent == "headless"
    data = sent(VIEW, PARTNER).data
    assert (data.agent, data.network) == ("", "")


def test_a_dead_letter_tells_the_agent_that_was_seen_and_not_the_one_that_was_stated() -> None:
    raw = json.dumps(changed(agent="browser")).encode()
    with pytest.raises(RefusedError) as caught:
        published(raw, SENDER)
    data: Any = parse(Topic.CLICKSTREAM, letter(raw, SENDER, caught.value).payload).data  # type: ignore[attr-defined]
    assert (data.agent, data.network) == ("declared_bot", "data_centre")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    JSON_VALUES | st.dictionaries(st.sampled_from([*VIEW, "x"]), JSON_VALUES),
    st.dictionaries(st.sampled_from(sorted(VIEW["data"])), JSON_VALUES),
    st.booleans(),
)
def test_whatever_comes_is_an_event_or_a_dead_letter(
    stated: Any, data: dict[str, Any], consent: bool
) -> None:
    sender = replace(SENDER, consent=consent, sent_at=NOW - timedelta(days=1))
    for click in (stated, changed(**data)):
        raw = json.dumps(click).encode()
        try:
            _, payload, _ = published(raw, sender)
        except RefusedError as error:
            letter(raw, sender, error)
        else:
            parse(Topic.CLICKSTREAM, payload)
