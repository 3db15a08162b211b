"""Examples of what schemas describe, for the API's pages.

A schema's own example goes first. What has none is put together from its fields, each by its name:
so an example reads like the store's data, and a new route has one before anybody writes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

UUID_7 = "01931f2e-7c40-7d3a-8c55-0f4b6a1e92d7"
_INSTANT = "2026-03-01T09:30:00.000Z"

_BY_NAME: Mapping[str, Any] = {
    "sku": "CJ26190",
    "product_id": "P26190",
    "name": "Rolled oats",
    "vendor_id": "v-17",
    "vendor": "v-17",
    "brand": "Field and Mill",
    "department": "GROCERY",
    "category": "HOT CEREAL",
    "product_type": "OATS",
    "package_size": "1 KG",
    "mass_grams": 1000,
    "unit": "each",
    "currency": "USD",
    "country": "US",
    "quantity": 2,
    "list_price_minor": 299,
    "price_minor": 269,
    "seen_price_minor": 269,
    "list_minor": 598,
    "discount_minor": 60,
    "total_minor": 538,
    "due_minor": 538,
    "destination": "DE",
    "tax_rate_bp": 700,
    "tax_minor": 35,
    "tax_refunded_minor": 0,
    "amount_minor": 60,
    "refunded_minor": 0,
    "min_total_minor": 0,
    "price_changed": False,
    "saved": False,
    "on_hand": 40,
    "line_number": 1,
    "subject": "p-9f86d081884c7d659a2feaa0",
    "source_ref": "till-7/2026-118",
    "title": "Out of stock",
    "description": "There is less of a product than was asked for.",
    "state": "open",
    "guest_token": "eyJwZXJzb24iOiIwMTkzMWYyZSJ9.aaQxGA.c2lnbmF0dXJl",
    "token": "eyJwZXJzb24iOiIwMTkzMWYyZSJ9.aaQxGA.c2lnbmF0dXJl",
    "next_cursor": "WyJwcm9kdWN0cyIsIlAyNjE5MCJd.c2lnbmF0dXJl",
    "reason": "returned",
    "reference": "note-2026-118",
    "source": "model",
    "channel": "web",
    "store_id": "S330",
    "session_id": "ses-1",
    "device_id": "d-9",
    "code": "SPRING-10",
    "status": "ok",
    "field": "quantity",
    "message": "Input should be greater than or equal to 1",
    "value": "GROCERY",
    "suggestions": "rolled oats",
    "word": "oast",
    "used": "oats",
    "email": "ada@example.org",
    "url": "https://example.org/",
    "locale": "en",
}
"""Values of fields by their name, where they fit the field's schema."""
_BY_ENDING: Mapping[str, Any] = {
    "_minor": 500,
    "_at": _INSTANT,
    "_id": UUID_7,
    "_url": "https://example.org/",
    "_days": 14,
    "_percent": 10,
    "_basis_points": 1000,
    "_grams": 1000,
}
_BY_FORMAT: Mapping[str, Any] = {
    "uuid": UUID_7,
    "uuid7": UUID_7,
    "date-time": _INSTANT,
    "date": "2026-03-01",
    "email": "ada@example.org",
    "url": "https://example.org/",
    "uri": "https://example.org/",
    "binary": "",
}
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
_Schema = Mapping[str, Any]


class Examples:
    """Makes examples.

    Parameters
    ----------
    parts
        The schemas that others refer to, by name.
    """

    def __init__(self, parts: Mapping[str, _Schema]) -> None:
        self._parts = parts

    def of(self, schema: _Schema, name: str = "", *, sparse: bool = False) -> Any:
        """Return an example of a schema.

        Parameters
        ----------
        name
            Of the field that it describes.
        sparse
            Leave out what may be left out.
        """
        schema = self._resolved(schema)
        if "example" in schema:
            return schema["example"]
        if schema.get("examples"):
            return schema["examples"][0]
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        for choice in ("anyOf", "oneOf"):
            if choice in schema:
                return self.of(schema[choice][0], name, sparse=sparse)
        if "allOf" in schema:
            return self.of(schema["allOf"][0], name, sparse=sparse)
        return self._typed(schema, name, sparse)

    def _resolved(self, schema: _Schema) -> _Schema:
        target = str(schema.get("$ref", "")).rpartition("/")[2]
        return {**self._parts[target], **schema} if target else schema

    def _typed(self, schema: _Schema, name: str, sparse: bool) -> Any:
        kind = schema.get("type")
        if kind == "array":
            item = self.of(schema.get("items", {}), name, sparse=sparse)
            return [item] * max(1, schema.get("minItems", 1))
        if kind == "object" or "properties" in schema:
            needed = schema.get("required", ())
            return {
                field: self.of(part, field, sparse=sparse)
                for field, part in schema.get("properties", {}).items()
                if field in needed or not sparse
            }
        if schema.get("format") in _BY_FORMAT:
            return _BY_FORMAT[schema["format"]]
        known = [_BY_NAME.get(name), *(v for end, v in _BY_ENDING.items() if name.endswith(end))]
        for value in known:
            if value is not None and _fits(value, schema):
                return value
        return _plain(schema, name)


def _fits(value: Any, schema: _Schema) -> bool:
    types = _TYPES.get(schema.get("type", ""), ())
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        return False
    if isinstance(value, str):
        long_enough = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 2**31)
        return long_enough and re.search(schema.get("pattern", ""), value) is not None
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def _plain(schema: _Schema, name: str) -> Any:
    kind = schema.get("type")
    if kind == "boolean":
        return True
    if kind in ("integer", "number"):
        least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        return min(max(least, 1), schema.get("maximum", 2**53))
    if kind == "null":
        return None
    text = name.replace("_", " ") or "text"
    text = text.ljust(schema.get("minLength", 0), "-")[: schema.get("maxLength", 2**31)]
    return text if _fits(text, schema) else schema.get("default", "")
