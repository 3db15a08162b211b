"""The event catalogue, written from the contract: `python -m storefront_api.events.catalogue`.

It writes the page docs/events.md and one JSON Schema file for each event and version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from storefront_api.events.envelope import Event
from storefront_api.events.parts import PERSONAL_MARK
from storefront_api.events.registry import EVENTS, json_schemas, name_of
from storefront_api.events.topics import Topic

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "events.md"
SCHEMAS = Path(__file__).parent / "schemas"
GA4 = {
    "product_list_viewed": "view_item_list",
    "products_searched": "search",
    "product_clicked": "select_item",
    "product_viewed": "view_item",
    "product_added": "add_to_cart",
    "product_removed": "remove_from_cart",
    "cart_viewed": "view_cart",
    "checkout_started": "begin_checkout",
    "order_completed": "purchase",
    "order_refunded": "refund",
    "page_viewed": "page_view",
    "product_list_filtered": "view_item_list",
    "promotion_viewed": "view_promotion",
    "promotion_clicked": "select_promotion",
    "payment_info_entered": "add_payment_info",
    "product_added_to_wishlist": "add_to_wishlist",
    "wishlist_product_added_to_cart": "add_to_cart",
    "product_shared": "share",
    "cart_shared": "share",
    "experiment_viewed": "experience_impression",
}
"""Names of the same events in Google Analytics 4; those that are not here have none."""

SEGMENT: Mapping[str, tuple[Topic, str]] = {
    **{
        name: (Topic.CLICKSTREAM, name.lower().replace(" ", "_"))
        for name in (
            "Products Searched",
            "Product List Viewed",
            "Product List Filtered",
            "Promotion Viewed",
            "Promotion Clicked",
            "Product Clicked",
            "Product Viewed",
            "Product Added",
            "Product Removed",
            "Cart Viewed",
            "Checkout Started",
            "Checkout Step Viewed",
            "Checkout Step Completed",
            "Payment Info Entered",
            "Coupon Entered",
            "Coupon Denied",
            "Coupon Removed",
            "Wishlist Product Added to Cart",
            "Product Shared",
            "Cart Shared",
            "Product Reviewed",
            "Product Added to Wishlist",
            "Product Removed from Wishlist",
        )
    },
    "Order Completed": (Topic.ORDERS, "order_completed"),
    "Order Updated": (Topic.FULFILMENT, "shipment_status_changed"),
    "Order Refunded": (Topic.ORDERS, "order_refunded"),
    "Order Cancelled": (Topic.ORDERS, "order_cancelled"),
    "Coupon Applied": (Topic.ORDERS, "coupon_applied"),
}
"""Segment's e-commerce events, https://www.twilio.com/docs/segment/connections/spec/ecommerce/v2,
and ours. What the store knows itself, it says itself; an order that was placed changes by what
happens to its parcels, and by nothing else."""
_SEGMENT = """\
## Names elsewhere

Every event of [Segment's e-commerce specification](https://www.twilio.com/docs/segment/connections/spec/ecommerce/v2),
the event here that says the same, and its name in Google Analytics 4. What a page cannot vouch for,
an order or a code that was applied, the store itself says.
"""
_NAMES = ("Segment", "here", "topic", "in GA4")

_HEAD = """\
# Event catalogue

Everything that travels through Kafka, written from the contract by
`python -m storefront_api.events.catalogue`; a test keeps both in step. Each topic has one producing
module and one raw table of its name in the warehouse, and is keyed by the aggregate that the event
is about. A message that breaks a rule goes to `eco.dead_letters.v1` with its place and the reason;
the collector sends there what it refuses, as partition and offset -1.
A change that old readers cannot take is a new version beside the old one, and old versions are
read as the newest ([ADR 26](adr/0026-contract-evolution.md)). Who answers for an event, and what of
it is personal, is in the [tracking plan](tracking-plan.md).

A field whose meaning begins with *Personal* is blank in Kafka: what it holds travels in the header
`sealed`, encrypted with the key of the person concerned, and is put back by whoever has that key
([ADR 40](adr/0040-sealed-fields.md)). Its schema has `"x-personal": true`.

## Envelope

Every event has these attributes (CloudEvents' ideas) around its `data`.
"""
_RULES = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "pattern": "`{}`",
    "format": "{}",
    "const": "always `{}`",
}
_LENGTHS = {"Length": "characters", "Items": "items"}
_EVENTS = ("event", "version", "what happened", "`data`", "in GA4", "files")
_FIELDS = ("field", "type", "rule", "meaning")

_Schema = dict[str, Any]


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table as Markdown, whatever characters its cells hold."""
    lines = [header, tuple("---" for _ in header), *rows]
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in cells) + "\n"


def _resolved(schema: _Schema, parts: dict[str, _Schema]) -> _Schema:
    """Return a schema with what it points to, unless that has a table of its own."""
    part = parts.get(_target(schema), {})
    return schema if "properties" in part else {**part, **schema}


def _target(schema: _Schema) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _type(schema: _Schema) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    return str(schema["type"]) if "type" in schema else f"[{_target(schema)}](#{_anchor(schema)})"


def _anchor(schema: _Schema) -> str:
    return _target(schema).lower()


def _rule(schema: _Schema) -> str:
    found = []
    for option in [schema, *schema.get("anyOf", [])]:
        found += [text.format(option[name]) for name, text in _RULES.items() if name in option]
        if "enum" in option:
            found.append("one of " + ", ".join(f"`{value}`" for value in option["enum"]))
        for name, things in _LENGTHS.items():
            if f"max{name}" in option:
                found.append(f"{option.get(f'min{name}', 0)} to {option[f'max{name}']} {things}")
            elif f"min{name}" in option:
                found.append(f"{option[f'min{name}']} or more {things}")
    if schema.get("default") is not None and "const" not in schema:
        found.append(f"`{json.dumps(schema['default'])}` if left out")
    return "; ".join(found)


def _fields(schema: _Schema, parts: dict[str, _Schema]) -> str:
    rows = []
    for name, written in schema["properties"].items():
        field = _resolved(written, parts)
        meaning = field.get("description", "").partition("\n")[0]
        if field.get(PERSONAL_MARK):
            meaning = f"*Personal.* {meaning}".strip()
        rows.append((f"`{name}`", _type(field), _rule(field), meaning))
    return table(_FIELDS, rows)


def _elsewhere(name: str) -> tuple[str, ...]:
    topic, type_ = SEGMENT[name]
    return name, f"`{type_}`", topic, f"`{GA4[type_]}`" if type_ in GA4 else ""


def page() -> str:
    """Return the catalogue as Markdown."""
    texts = [_HEAD, _fields(Event.model_json_schema(), {})]
    parts: dict[str, _Schema] = {}
    for topic, events in EVENTS.items():
        rows = []
        for event in events:
            type_, version = name_of(event)
            schema = event.model_json_schema()
            parts |= schema["$defs"]
            where = f"../storefront_api/events/{{}}/{topic}/{type_}.v{version}.json"
            files = f"[example]({where.format('examples')}) [schema]({where.format('schemas')})"
            data = _type(schema["properties"]["data"])
            ga4 = f"`{GA4[type_]}`" if type_ in GA4 else ""
            what = str(event.__doc__)
            rows.append((f"`{type_}`", str(version), what, data, ga4, files))
        texts += [f"## {topic}\n", table(_EVENTS, rows)]
    texts += [_SEGMENT, table(_NAMES, [_elsewhere(name) for name in SEGMENT])]
    texts.append("## Parts\n")
    for name, part in sorted(parts.items()):
        if "properties" in part:
            texts += [f"### {name}\n", f"{part['description']}\n", _fields(part, parts)]
    return "\n".join(texts)


def files() -> dict[Path, str]:
    """Return every file of the catalogue with its text."""
    schemas = {
        SCHEMAS / f"{name}.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in json_schemas().items()
    }
    return {PAGE: page(), **schemas}


def main() -> None:
    """Write the catalogue, without what the contract no longer has."""
    written = files()
    for old in set(SCHEMAS.glob("*/*.json")) - set(written):
        old.unlink()
    for path, text in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
