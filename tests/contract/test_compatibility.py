"""What was published of the contract is kept to, in both directions."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from storefront_api.events import json_schemas
from storefront_api.events.compatibility import (
    Direction,
    check,
    publish,
    published,
    violations,
)

ORDER = "eco.orders.v1/order_completed.v1"
VIEW = "eco.clickstream.v1/product_viewed.v1"


def test_the_contract_keeps_to_its_record() -> None:
    assert check() == [], "make it a new version beside the old one, or publish the new version"


def edited(name: str, part: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an event's schema, and a part of its copy to edit."""
    schema = copy.deepcopy(json_schemas()[name])
    return schema, schema["$defs"][part]


def found(name: str, changed: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Return what the check says of one changed schema, by direction, place and rule."""
    told = violations({name: published()[name]}, {name: changed})
    assert all((v.event, v.version) == (name[: -len(".v1")], 1) for v in told)
    return {(v.direction.value, v.path, v.rule) for v in told}


def test_one_more_means_of_payment_is_more_than_old_readers_take() -> None:
    schema, payment = edited(ORDER, "PaymentV1")
    payment["properties"]["method"]["enum"].append("invoice")
    assert found(ORDER, schema) == {("forward", "$.data.payment.method", "value")}


def test_fields_that_were_not_known_are_more_than_readers_of_the_first_clicks_take() -> None:
    schema, click = edited(VIEW, "ProductClickV1")
    click["properties"]["campaign"] = {"type": "string", "default": ""}
    click["properties"]["session_id"]["maxLength"] = 100
    assert found(VIEW, schema) == {
        ("forward", "$.data.campaign", "property"),
        ("forward", "$.data.session_id", "length"),
    }


def test_what_old_data_may_lack_or_hold_is_not_forbidden_later() -> None:
    schema, click = edited(VIEW, "ProductClickV1")
    click["required"].append("session_id")
    click["properties"]["consent"]["enum"] = ["granted"]
    del click["properties"]["slate_id"]
    assert found(VIEW, schema) == {
        ("backward", "$.data.session_id", "required"),
        ("backward", "$.data.consent", "value"),
        ("backward", "$.data.slate_id", "property"),
    }


def test_what_is_meant_by_a_missing_field_does_not_change() -> None:
    schema, click = edited(VIEW, "ProductClickV1")
    click["properties"]["consent"]["default"] = "denied"
    assert found(VIEW, schema) == {
        ("backward", "$.data.consent", "default"),
        ("forward", "$.data.consent", "default"),
    }


def test_words_may_change() -> None:
    schema, click = edited(VIEW, "ProductClickV1")
    click["description"] = click["properties"]["consent"]["description"] = "Other words."
    schema["title"] = "Viewed"
    assert found(VIEW, schema) == set()


def test_no_version_is_taken_back_and_none_is_left_unpublished() -> None:
    told = violations({ORDER: published()[ORDER]}, {VIEW: json_schemas()[VIEW]})
    kinds = [(v.event, v.version, v.direction, v.rule) for v in told]
    assert kinds == [
        ("eco.clickstream.v1/product_viewed", 1, Direction.RECORD, "not published"),
        ("eco.orders.v1/order_completed", 1, Direction.RECORD, "gone"),
    ]


def test_publishing_adds_what_is_missing_and_changes_nothing(tmp_path: Path) -> None:
    kept = tmp_path / f"{ORDER}.json"
    kept.parent.mkdir(parents=True)
    kept.write_text('{"type": "object"}')
    added = publish(tmp_path)
    assert set(added) == set(json_schemas()) - {ORDER}
    assert kept.read_text() == '{"type": "object"}'
    assert {v.event for v in violations(published(tmp_path), json_schemas())} == {
        "eco.orders.v1/order_completed"
    }
    assert publish(tmp_path) == []
