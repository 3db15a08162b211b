"""What is personal in an event is marked as such, and can be sealed, opened and lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import storefront_api.events as events
from pipelines.ingest.contract import Contract
from pipelines.ingest.rows import Envelope
from storefront_api.events import Topic
from storefront_api.events.parts import PERSONAL_MARK
from storefront_api.events.sealing import SPLITTERS, opened, sealed

EXAMPLES = sorted((Path(events.__file__).parent / "examples").glob("*/*.json"))
BLANK: tuple[Any, ...] = ("", {}, "00000000-0000-0000-0000-000000000000")
KEY = AESGCM(b"k" * 32)
OF_GOODS = """
alt arm brand carrier category category_id category_path certificates checkout_id code coupon
creative currency department description destination experiment experiment_id fallback
from_warehouse_id held_for list_id material model_version name origin package_size packaging
parent_id part payment_method product_id product_type promotion_id reason reasons reference
review_id risk_decision_id route rule_id rules_version share_via shipping_method sku skus slate_id
sort source source_ref status store_id target template to_warehouse_id type value values variant
vendor_id warehouse_id wishlist_id
"""
"""Texts that tell of goods, prices, orders and experiments, and of nobody."""
OF_PAGES = "referrer title url"
"""Which page was shown, without what one typed: as much as the product of a click."""
POINTERS = "anonymous_id by cause from_subject recipient"
"""Pseudonyms and ids, by which events are keyed and joined: they lead to nobody who is erased."""
PLAIN = frozenset(f"{OF_GOODS} {OF_PAGES} {POINTERS}".split())
PLAIN_IN: Mapping[str, frozenset[Topic]] = {
    "session_id": frozenset({Topic.CLICKSTREAM}),
    "country": frozenset({Topic.MARKETPLACE, Topic.INVENTORY}),
}
"""Names of which one is personal here and another is not there."""


def _texts(
    schema: Mapping[str, Any], parts: Mapping[str, Any], name: str
) -> Iterator[tuple[str, bool]]:
    """Yield each field that may hold any text, and whether it is marked."""
    schema = {**parts.get(str(schema.get("$ref", "")).rpartition("/")[2], {}), **schema}
    if schema.get(PERSONAL_MARK):
        yield name, True
        return
    inner = [*schema.get("anyOf", ()), schema.get("items"), schema.get("additionalProperties")]
    for part in inner:
        if isinstance(part, dict):
            yield from _texts(part, parts, name)
    if schema.get("type") == "string" and not {"enum", "const", "format"} & schema.keys():
        yield name, False
    for key, field in schema.get("properties", {}).items():
        yield from _texts(field, parts, key)


def _all() -> Iterator[tuple[Topic, str, bool]]:
    for where, schema in events.json_schemas().items():
        for name, marked in _texts(schema["properties"]["data"], schema["$defs"], "data"):
            yield Topic(where.partition("/")[0]), name, marked


def test_whatever_may_hold_any_text_is_marked_or_said_to_be_nobodys() -> None:
    plain = {(topic, name) for topic, name, marked in _all() if not marked}
    allowed = {
        (topic, name)
        for topic, name in plain
        if name in PLAIN or topic in PLAIN_IN.get(name, frozenset())
    }
    assert plain == allowed, "mark it with PERSONAL, or say here why it is nobody's"
    names = {name for _, name in plain}
    assert names == PLAIN | PLAIN_IN.keys(), "no event has that field any more"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_event_keeps_its_contract_without_what_is_personal_and_opens_as_it_was(
    path: Path,
) -> None:
    topic, payload = Topic(path.parent.name), path.read_bytes()
    schema = events.json_schemas()[f"{topic}/{path.stem}"]
    marked = {
        name
        for name, is_marked in _texts(schema["properties"]["data"], schema["$defs"], "data")
        if is_marked
    }
    event = json.loads(payload)
    found = SPLITTERS[topic].split(payload)
    if found is None:
        values = [value for name, value in _values(event["data"]) if name in marked]
        assert not any(values), "something personal was left"
        return
    kept = _contract(topic).check(found.value)
    assert isinstance(kept, Envelope), kept
    assert opened(found.value, sealed(found, KEY), KEY) != found.value
    assert json.loads(opened(found.value, sealed(found, KEY), KEY)) == event
    left = dict(_values(json.loads(found.value)["data"]))
    assert all(left[name] in BLANK for name in marked & left.keys())
    assert found.owner == (event["subject"] or event["data"].get("anonymous_id"))


@cache
def _contract(topic: Topic) -> Contract:
    return Contract(topic)


def _values(part: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(part, list):
        for item in part:
            yield from _values(item)
    elif isinstance(part, dict):
        for name, value in part.items():
            yield name, value[0] if isinstance(value, list) and value else value
            yield from _values(value)
