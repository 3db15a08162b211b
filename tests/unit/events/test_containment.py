"""What containment says of two schemas is true of the messages that they accept."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storefront_api.events.containment import Rule, UnknownKeywordError, refusals

Schema = dict[str, Any]


@st.composite
def numbers(draw: st.DrawFn) -> Schema:
    schema: Schema = {"type": draw(st.sampled_from(["integer", "number"]))}
    least = draw(st.none() | st.integers(0, 2))
    most = draw(st.none() | st.integers(4, 6))
    if least is not None:
        schema[draw(st.sampled_from(["minimum", "exclusiveMinimum"]))] = least
    if most is not None:
        schema[draw(st.sampled_from(["maximum", "exclusiveMaximum"]))] = most
    return schema


@st.composite
def texts(draw: st.DrawFn) -> Schema:
    schema: Schema = {"type": "string", "minLength": draw(st.integers(0, 1))}
    most = draw(st.none() | st.integers(2, 3))
    if most is not None:
        schema["maxLength"] = most
    if draw(st.booleans()):
        schema["pattern"] = draw(st.sampled_from(["^[ab]*$", "^[abc]*$"]))
    return schema


VALUES = st.lists(st.sampled_from(["a", "ab", 1, 2, True, None]), min_size=1, max_size=3)
LEAVES = st.one_of(
    numbers(),
    texts(),
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.just({}),
    VALUES.map(lambda values: {"enum": values}),
    st.sampled_from(["a", "b"]).map(lambda value: {"const": value, "type": "string"}),
)


def nested(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    """Return lists, objects, dictionaries and alternatives of schemas."""

    @st.composite
    def objects(draw: st.DrawFn) -> Schema:
        properties = draw(st.dictionaries(st.sampled_from("xyz"), inner, max_size=2))
        required = [name for name in sorted(properties) if draw(st.booleans())]
        schema: Schema = {"type": "object", "properties": properties, "required": required}
        if draw(st.booleans()):
            schema["additionalProperties"] = draw(st.just(False) | inner)
        if draw(st.booleans()):
            schema["patternProperties"] = {draw(st.sampled_from(["^[xy]$", "^z"])): draw(inner)}
        if draw(st.booleans()):
            schema["propertyNames"] = {"maxLength": draw(st.integers(1, 2))}
        return schema

    lists = st.builds(
        lambda items, most: {"type": "array", "items": items, "maxItems": most},
        inner,
        st.integers(0, 3),
    )
    either = st.lists(inner, min_size=1, max_size=2).map(lambda options: {"anyOf": options})
    return lists | objects() | either


SCHEMAS = st.recursive(LEAVES, nested, max_leaves=4)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Schema, Schema]:
    """Return a schema and one that differs from it in one place, or altogether."""
    first, second = draw(SCHEMAS), draw(SCHEMAS)
    loose = _loosened(first)
    written, read = draw(st.sampled_from([(first, second), (first, loose), (loose, first)]))
    return written, read


def _loosened(schema: Schema) -> Schema:
    if "anyOf" in schema:
        return {"anyOf": [*schema["anyOf"], {"type": "null"}]}
    tight = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "pattern", "propertyNames")
    loose = {key: value for key, value in schema.items() if key not in tight}
    return loose | ({"required": loose["required"][1:]} if "required" in loose else {})


CHEAP = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
    ],
)


SCALARS = (
    st.sampled_from([None, True, False, 1.5])
    | st.integers(-1, 7)
    | st.text(alphabet="abc", max_size=4)
)
MESSAGES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["x", "y", "z", "zz", "xyz"]), inner, max_size=3)
    ),
    max_leaves=4,
)
"""All kinds of values that schemas here tell apart, in and out of their bounds."""


@CHEAP
@given(pairs(), st.lists(MESSAGES, min_size=15, max_size=15))
def test_where_nothing_is_refused_every_message_of_the_writer_is_read(
    pair: tuple[Schema, Schema], messages: list[Any]
) -> None:
    written, read = pair
    if refusals(written, read):
        return
    writer, reader = (jsonschema.Draft202012Validator(schema) for schema in pair)
    for message in messages:
        assert reader.is_valid(message) or not writer.is_valid(message), message


@CHEAP
@given(SCHEMAS)
def test_a_schema_reads_what_it_wrote_and_reads_it_still_when_it_is_loosened(
    schema: Schema,
) -> None:
    assert refusals(schema, schema) == []
    assert refusals(schema, _loosened(schema)) == []


def object_of(**properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


WHOLE: Schema = {"type": "integer", "minimum": 0, "maximum": 9}
WORD: Schema = {"type": "string", "maxLength": 9}


@pytest.mark.parametrize(
    ("written", "read", "path", "rule"),
    [
        (object_of(a=WORD), object_of(a=WHOLE), "$.a", Rule.TYPE),
        (object_of(a=WORD), object_of(a=WORD, b=WORD), "$.b", Rule.REQUIRED),
        (object_of(a=WORD, b=WORD), object_of(a=WORD), "$.b", Rule.PROPERTY),
        (object_of(a=WHOLE), object_of(a=WHOLE | {"maximum": 8}), "$.a", Rule.BOUND),
        (object_of(a=WHOLE), object_of(a=WHOLE | {"exclusiveMinimum": 0}), "$.a", Rule.BOUND),
        (object_of(a=WORD), object_of(a=WORD | {"maxLength": 8}), "$.a", Rule.LENGTH),
        (object_of(a=WORD), object_of(a=WORD | {"pattern": "^a"}), "$.a", Rule.PATTERN),
        (object_of(a=WORD), object_of(a=WORD | {"format": "uuid"}), "$.a", Rule.FORMAT),
        (object_of(a={"enum": ["x", "y"]}), object_of(a={"enum": ["x"]}), "$.a", Rule.VALUE),
        (
            {"type": "array", "items": object_of(a=WHOLE)},
            {"type": "array", "items": object_of(a=WHOLE | {"minimum": 1})},
            "$[*].a",
            Rule.BOUND,
        ),
        (
            object_of(a=WORD | {"default": "x"}) | {"required": []},
            object_of(a=WORD | {"default": "y"}) | {"required": []},
            "$.a",
            Rule.DEFAULT,
        ),
        (
            {"type": "object", "patternProperties": {"^a": WHOLE}},
            {"type": "object", "patternProperties": {"^a": WHOLE | {"maximum": 1}}},
            "$.*",
            Rule.BOUND,
        ),
        (
            {"type": "object", "propertyNames": {"maxLength": 3}},
            {"type": "object", "propertyNames": {"maxLength": 2}},
            "$.*",
            Rule.NAME,
        ),
        (
            {"$ref": "#/$defs/A", "$defs": {"A": object_of(a=WORD)}},
            {"$ref": "#/$defs/B", "$defs": {"B": object_of(a=WORD | {"minLength": 1})}},
            "$.a",
            Rule.LENGTH,
        ),
    ],
)
def test_a_refusal_names_its_place_and_rule(
    written: Schema, read: Schema, path: str, rule: Rule
) -> None:
    assert {(found.path, found.rule) for found in refusals(written, read)} == {(path, rule)}


@pytest.mark.parametrize(
    "schema",
    [
        {"oneOf": [{"type": "string"}]},
        {"anyOf": [{"type": "string"}], "maxLength": 2},
        {"$ref": "#/$defs/A", "$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}]}}},
    ],
)
def test_what_is_not_decided_is_an_error(schema: Schema) -> None:
    with pytest.raises(UnknownKeywordError, match=r"^\$: "):
        refusals(schema, {"type": "string"})
