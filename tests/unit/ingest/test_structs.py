"""The fast check of a message never accepts what the contract's class refuses."""

from __future__ import annotations

import copy
import json
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pipelines.ingest.contract import Contract, Refusal
from pipelines.ingest.rows import Envelope
from storefront_api.events import EVENTS, Topic, UnknownEventError, parse
from storefront_api.events.structs import NoStructError, struct_of
from storefront_api.events.upcasting import UPCASTER
from tests.integration.ingest.feed import EXAMPLES

CONTRACTS = {topic: Contract(topic) for topic in Topic}
PAYLOADS = [
    (Topic(path.parent.name), json.loads(path.read_text("utf-8")))
    for path in sorted(EXAMPLES.glob("*/*.json"))
]
ASKED_OF_THE_CLASS = {
    ("promotion_created", 1),
    ("giftcard_issued", 1),
    ("loyalty_rule_created", 1),
    ("price_rule_created", 1),
    ("price_changed", 1),
    ("commission_rule_created", 1),
}
"""Instants in an event's data have no equal among msgspec's types; such events are rare."""
FAST = [
    (topic, payload)
    for topic, payload in PAYLOADS
    if (payload["type"], payload["version"]) not in ASKED_OF_THE_CLASS
    and not UPCASTER.is_old(topic, payload["type"], payload["version"])
]
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "USD", "USD\n", "x" * 65, "S1", "7", "2017-12-24T08:00:00Z", "a\n"])
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if type(value) is list
        else ()
    )
    return [at, *(path for key, child in children for path in paths(child, (*at, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[Topic, bytes]:
    topic, payload = draw(st.sampled_from(PAYLOADS))
    payload = copy.deepcopy(payload)
    for _ in range(draw(st.integers(0, 2))):
        path = draw(st.sampled_from(paths(payload)[1:]))
        parent = payload
        for key in path[:-1]:
            parent = parent[key]
        kind = draw(st.sampled_from(["set", "remove", "add"]))
        if kind == "set":
            parent[path[-1]] = draw(JSON_VALUES)
        elif kind == "remove":
            del parent[path[-1]]
        elif isinstance(parent, dict):
            parent[draw(st.text(max_size=4))] = draw(JSON_VALUES)
        if not paths(payload)[1:]:
            break
    return topic, json.dumps(payload).encode()


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_a_message_becomes_a_row_exactly_when_the_class_accepts_it(
    message: tuple[Topic, bytes],
) -> None:
    topic, payload = message
    outcome = CONTRACTS[topic].check(payload)
    rows, refused = CONTRACTS[topic].rows([payload], [2], [9])
    try:
        event: Any = parse(topic, payload)
    except (UnknownEventError, ValidationError):
        assert isinstance(outcome, Refusal)
        assert refused == {0: outcome}
        return
    if isinstance(outcome, Refusal):
        assert "must be from 1970 to 2148" in outcome.reason
        assert refused == {0: outcome}
        return
    assert refused == {}
    (row,) = rows.to_pylist()
    assert UUID(outcome.id) == UUID(row["event_id"]) == event.id
    assert (outcome.type, outcome.subject) == (event.type, event.subject)
    assert row["type"] == event.type
    assert (row["subject"], row["trace_id"]) == (event.subject, event.trace_id)
    assert (row["_topic"], row["_partition"], row["_offset"]) == (topic.value, 2, 9)
    assert row["version"] == outcome.version
    assert row["data"] == bytes(outcome.data)
    for name in ("occurred_at", "received_at"):
        assert row[name] == datetime.fromisoformat(getattr(outcome, name))
    again = json.loads(payload) | {
        "version": outcome.version,
        "id": outcome.id,
        "occurred_at": outcome.occurred_at,
        "received_at": outcome.received_at,
        "data": json.loads(bytes(outcome.data)),
    }
    stated = event.model_dump(mode="json")
    if UPCASTER.is_old(topic, event.type, event.version):
        stated["version"], stated["data"] = UPCASTER.newest(
            topic, event.type, event.version, stated["data"]
        )
    assert parse(topic, json.dumps(again)) == parse(topic, json.dumps(stated))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode) | st.none())
def test_no_bytes_whatever_break_the_parser(payload: bytes | None) -> None:
    outcome = CONTRACTS[Topic.ORDERS].check(payload)
    assert isinstance(outcome, Refusal)
    assert CONTRACTS[Topic.ORDERS].rows([payload], [0], [0])[1] == {0: outcome}


def test_every_event_of_the_contract_has_a_struct_or_is_known_to_have_none() -> None:
    for topic, classes in EVENTS.items():
        names = {
            (c.model_fields["type"].default, c.model_fields["version"].default) for c in classes
        }
        assert CONTRACTS[topic].fast == names - ASKED_OF_THE_CLASS


@pytest.mark.parametrize(("topic", "payload"), FAST, ids=lambda value: str(value)[:40])
def test_published_examples_take_the_fast_way(topic: Topic, payload: dict[str, Any]) -> None:
    found = CONTRACTS[topic].check(json.dumps(payload).encode())
    assert isinstance(found, Envelope)
    # As it was written, spaces included: the class would have written it anew.
    assert bytes(found.data) == json.dumps(payload["data"]).encode()


class Lenient(BaseModel):
    a: int


class Checked(BaseModel):
    model_config = ConfigDict(extra="forbid")
    a: int

    @field_validator("a")
    @classmethod
    def _odd(cls, value: int) -> int:
        return value


class Multiple(BaseModel):
    model_config = ConfigDict(extra="forbid")
    a: int = Field(multiple_of=3)


class Strange(BaseModel):
    model_config = ConfigDict(extra="forbid")
    a: complex


@pytest.mark.parametrize("model", [Lenient, Checked, Multiple, Strange])
def test_a_class_that_cannot_be_followed_exactly_has_no_struct(model: type[BaseModel]) -> None:
    with pytest.raises(NoStructError):
        struct_of(model)


class Named(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["a"]
    name: str = Field(pattern="^[a-z]$")


def test_a_pattern_ends_where_the_text_ends() -> None:
    decoder = msgspec.json.Decoder(struct_of(Named))
    decoder.decode(b'{"kind": "a", "name": "x"}')
    with pytest.raises(msgspec.ValidationError):
        decoder.decode(b'{"kind": "a", "name": "x\\n"}')
