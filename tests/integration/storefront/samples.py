"""Values that a schema of the OpenAPI document accepts, made from the schema alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

CANDIDATES = ("USD", "US", "v-1", "T1", "a@example.com", "12345678", "00" * 32, "2030-01-01", "a")
"""Texts of which one may match a pattern."""
FORMATS = {
    "uuid": "0160a2b4-5c00-7000-8000-0000000000aa",
    "date-time": "2030-01-01T00:00:00Z",
    "date": "2030-01-01",
    "email": "a@example.com",
    "uri": "https://example.com/",
    "password": "wild garlic pesto",
    "binary": "%PDF-1.7 of the tests",
}


class NoSampleError(AssertionError):
    """No value can be made from a schema; its class may state an example."""


def sample(schema: dict[str, Any], document: dict[str, Any], name: str = "body") -> Any:
    """Return a value that a schema accepts: its example, or what is required and no more.

    Raises
    ------
    NoSampleError
        If the schema has a pattern that no candidate matches.
    """
    if "$ref" in schema:
        target = schema["$ref"].rpartition("/")[2]
        return sample(document["components"]["schemas"][target], document, name)
    for given in ("example", "const", "default"):
        if schema.get(given) is not None:
            return schema[given]
    for listed in ("examples", "enum"):
        if schema.get(listed):
            return schema[listed][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return sample(schema[choice][0], document, name)
    return _MAKERS[schema.get("type", "object")](schema, document, name)


def _object(schema: dict[str, Any], document: dict[str, Any], name: str) -> dict[str, Any]:
    fields = schema.get("properties", {})
    return {
        field: sample(fields[field], document, f"{name}.{field}")
        for field in schema.get("required", [])
    }


def _array(schema: dict[str, Any], document: dict[str, Any], name: str) -> list[Any]:
    return [sample(schema["items"], document, name)] * int(schema.get("minItems", 0))


def _string(schema: dict[str, Any], document: dict[str, Any], name: str) -> str:
    least = max(1, schema.get("minLength", 0))
    text = FORMATS.get(schema.get("format", ""), "abcdefghij" * (least // 10 + 1))
    text = text if len(text) < least else text[: max(least, schema.get("maxLength", len(text)))]
    pattern = schema.get("pattern", "")
    for candidate in (text, *CANDIDATES):
        if re.search(pattern, candidate) and len(candidate) >= least:
            return candidate
    raise NoSampleError(f"{name}: no text for {pattern!r}; give the schema an example")


def _number(schema: dict[str, Any], document: dict[str, Any], name: str) -> int:
    return int(schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1))


_MAKERS: dict[str, Callable[[dict[str, Any], dict[str, Any], str], Any]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _number,
    "number": _number,
    "boolean": lambda *_: False,
}
