"""The tracking plan says what the contract says."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

import storefront_api.events as events
from storefront_api.events import catalogue, parts, tracking_plan
from storefront_api.events.registry import name_of
from storefront_api.events.tracking_plan import OWNERS, PAGE, POINTERS, fields, sealed


@pytest.fixture(scope="module")
def plan() -> str:
    return tracking_plan.page()


def test_the_published_plan_is_what_the_contract_says(plan: str) -> None:
    assert PAGE.read_text("utf-8") == plan, f"run python -m {tracking_plan.__name__}"


@pytest.mark.parametrize("topic", events.Topic)
def test_each_event_is_in_the_plan_once_and_its_owner_exists(
    plan: str, topic: events.Topic
) -> None:
    assert (catalogue.ROOT / OWNERS[topic]).is_dir()
    section = plan.partition(f"## {topic.module}\n")[2].partition("\n## ")[0]
    rows = [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted({f"| `{name_of(event)[0]}`" for event in events.EVENTS[topic]})


def test_whatever_the_contract_calls_a_pseudonym_is_personal_in_the_plan() -> None:
    marked = TypeAdapter(parts.Pseudonym).json_schema()["description"]
    found = set()
    for schema in events.json_schemas().values():
        for part in schema["$defs"].values():
            for name, field in part.get("properties", {}).items():
                if field.get("description") == marked:
                    found.add(name)
    assert {"device_id", "fingerprint"} <= found <= POINTERS | _sealed()


def _sealed() -> set[str]:
    named = ((topic, *name_of(event)) for topic in events.Topic for event in events.EVENTS[topic])
    return {path.rpartition(".")[2] for where in named for path in sealed(*where)}


def test_what_is_personal_is_named_by_its_path_wherever_it_lies(plan: str) -> None:
    schema = events.json_schemas()["eco.orders.v1/order_completed.v3"]
    found = set(fields(schema["properties"]["data"], schema["$defs"]))
    assert {"payment", "payment.fingerprint", "lines", "lines[].sku", "delivery.area"} <= found
    (row,) = (line for line in plan.splitlines() if "`order_completed`" in line)
    assert "| 3 (2, 1) |" in row
    closed = row.split(" | ")[5]
    assert {"`payment.fingerprint`", "`delivery.area`", "`session_id`"} <= set(closed.split(", "))


def test_no_field_is_called_a_pointer_that_no_event_has() -> None:
    found = {
        path.rpartition(".")[2]
        for schema in events.json_schemas().values()
        for path in fields(schema["properties"]["data"], schema["$defs"])
    }
    assert found >= POINTERS
