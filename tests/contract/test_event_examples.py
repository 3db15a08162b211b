"""Every event has a published example, and every example still parses."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import storefront_api.events as events
from storefront_api.events import catalogue
from storefront_api.events.registry import name_of

FOLDER = Path(events.__file__).parent / "examples"
EXAMPLES = sorted(FOLDER.glob("*/*.json"))
CATALOGUE = catalogue.files()
SCHEMAS = events.json_schemas()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_example_parses_and_survives_a_round_trip(path: Path) -> None:
    topic = events.Topic(path.parent.name)
    event = events.parse(topic, path.read_bytes())
    assert json.loads(event.model_dump_json()) == json.loads(path.read_text())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_example_satisfies_the_exported_json_schema(path: Path) -> None:
    schema = SCHEMAS[f"{path.parent.name}/{path.stem}"]
    jsonschema.validate(json.loads(path.read_text()), schema)


def test_every_event_has_an_example_and_every_example_an_event() -> None:
    expected = set()
    for topic, classes in events.EVENTS.items():
        for event in classes:
            type_, version = name_of(event)
            expected.add(f"{topic}/{type_}.v{version}")
    assert {f"{path.parent.name}/{path.stem}" for path in EXAMPLES} == expected


@pytest.mark.parametrize("path", CATALOGUE, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_published_catalogue_is_what_the_contract_says(path: Path) -> None:
    assert path.read_text("utf-8") == CATALOGUE[path], f"run python -m {catalogue.__name__}"


def test_no_schema_of_an_event_that_is_gone_is_published() -> None:
    published = set(catalogue.SCHEMAS.glob("*/*.json"))
    assert published == set(CATALOGUE) - {catalogue.PAGE}


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"{", "not JSON"),
        (b"[]", "JSON object"),
        (b'{"type": "order_lost", "version": 1}', "order_lost"),
        (b'{"type": "order_completed", "version": "1"}', "unknown version 0 of order_completed"),
    ],
)
def test_an_unknown_payload_is_refused_with_the_reason(payload: bytes, message: str) -> None:
    with pytest.raises(events.UnknownEventError, match=message):
        events.parse(events.Topic.ORDERS, payload)


def test_an_order_that_does_not_add_up_is_refused() -> None:
    payload = json.loads((FOLDER / "eco.orders.v1/order_completed.v1.json").read_text())
    payload["data"]["lines"][0]["discount_minor"] += 1
    with pytest.raises(ValueError, match="total_minor must equal"):
        events.parse(events.Topic.ORDERS, json.dumps(payload))
