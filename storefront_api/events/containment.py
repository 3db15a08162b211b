"""Whether everything that one JSON Schema accepts is accepted by another, and where not.

Only the part of JSON Schema that the contract's classes export is known, and anything else is an
error: the answer "nothing is refused" is never a guess. Where the answer cannot be decided from
the two keywords alone, as with two different patterns, a refusal is reported.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from storefront_api.events.parts import PERSONAL_MARK

Schema = Mapping[str, Any]
ANNOTATIONS = frozenset({"title", "description", "examples", "$defs", "default", PERSONAL_MARK})
"""Say nothing about what is accepted; `default` says what is meant, which is looked at beside."""
_TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
_KNOWN = ANNOTATIONS | {
    *("$ref", "type", "anyOf", "enum", "const", "pattern", "format", "items", "required"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
    *("properties", "patternProperties", "additionalProperties", "propertyNames"),
}
_ABSENT = object()


class UnknownKeywordError(ValueError):
    """A schema uses something that containment is not decided for."""


class Rule(StrEnum):
    """What a change did to a place of a schema."""

    TYPE = "type"
    VALUE = "value"
    BOUND = "bound"
    LENGTH = "length"
    PATTERN = "pattern"
    FORMAT = "format"
    REQUIRED = "required"
    PROPERTY = "property"
    NAME = "property name"
    DEFAULT = "default"


@dataclass(frozen=True)
class Refusal:
    """A place where the reader's schema refuses, or misunderstands, what the writer's accepts.

    Parameters
    ----------
    path
        JSON path of the place in a message; ``[*]`` for items, ``.*`` for further properties.
    rule
        The kind of rule.
    says
        The difference in words.
    """

    path: str
    rule: Rule
    says: str


def refusals(written: Schema, read: Schema) -> list[Refusal]:
    """Return where a reader refuses something that a writer may write; none if it never does.

    Parameters
    ----------
    written, read
        Schemas of the writer and the reader, draft 2020-12, local references only.

    Raises
    ------
    UnknownKeywordError
        If one of them has a keyword that is not known here, or a reference to itself.
    """
    return list(_Comparison(written, read).schemas(written, read, "$"))


class _Comparison:
    def __init__(self, written: Schema, read: Schema) -> None:
        self._written, self._read = written, read

    def schemas(self, written: Any, read: Any, path: str) -> Iterator[Refusal]:
        if written is False or read is True or (read is not False and set(read) <= ANNOTATIONS):
            return
        accepted = list(_leaves(read, self._read, path))
        for option in _leaves(written, self._written, path):
            tries = [list(self._leaf(option, other, path)) for other in accepted]
            if not tries:
                yield Refusal(path, Rule.TYPE, f"{option['type']} is refused")
            elif all(tries):
                yield from min(tries, key=lambda t: ((t[0].rule is Rule.TYPE), len(t)))

    def _leaf(self, written: Schema, read: Schema, path: str) -> Iterator[Refusal]:
        types = (written["type"], read["type"])
        if types[0] != types[1] and types != ("integer", "number"):
            yield Refusal(path, Rule.TYPE, f"{types[0]} is refused, {types[1]} is expected")
            return
        if "enum" in read:
            yield from _values(written, read, path)
            return
        if "enum" in written:
            for value in written["enum"]:
                yield from self._leaf(_exactly(value, types[0]), read, path)
            return
        yield from _bounds(written, read, path)
        yield from _lengths(written, read, path)
        yield from _texts(written, read, path)
        if types[1] == "array" and "items" in read:
            yield from self.schemas(written.get("items", True), read["items"], f"{path}[*]")
        if types[1] == "object":
            yield from self._object(written, read, path)

    def _object(self, written: Schema, read: Schema, path: str) -> Iterator[Refusal]:
        for name in sorted(set(read.get("required", ())) - set(written.get("required", ()))):
            yield Refusal(f"{path}.{name}", Rule.REQUIRED, "may be missing and is required")
        ours, theirs = written.get("properties", {}), read.get("properties", {})
        for name in dict.fromkeys([*ours, *theirs]):
            place = f"{path}.{name}"
            for accepted in _governing(read, name):
                if accepted is False and name in ours:
                    yield Refusal(place, Rule.PROPERTY, "may be there and is not known")
                else:
                    # It keeps all that governs it: one that is read is enough.
                    tries = [
                        list(self.schemas(s, accepted, place)) for s in _governing(written, name)
                    ]
                    yield from min(tries, key=len)
            optional = name not in {*written.get("required", ()), *read.get("required", ())}
            if optional and name in ours and name in theirs:
                yield from _default(ours[name], theirs[name], place)
        yield from self._further(written, read, path)

    def _further(self, written: Schema, read: Schema, path: str) -> Iterator[Refusal]:
        """Compare what both say about properties that neither names."""
        place = f"{path}.*"
        ours = written.get("patternProperties", {})
        theirs = read.get("patternProperties", {})
        rest, accepted = (s.get("additionalProperties", True) for s in (written, read))
        for pattern in sorted(set(ours) | set(theirs)):
            if pattern in ours and pattern in theirs:
                yield from self.schemas(ours[pattern], theirs[pattern], place)
            elif pattern in ours:
                yield from self._rest(ours[pattern], accepted, place)
                for other in theirs.values():
                    yield from self.schemas(ours[pattern], other, place)
            else:
                yield from self.schemas(rest, theirs[pattern], place)
        if not (ours and rest is False):
            yield from self._rest(rest, accepted, place)
        if "propertyNames" in read and (ours or rest is not False):
            names = {"type": "string", **written.get("propertyNames", {})}
            for found in self.schemas(names, {"type": "string", **read["propertyNames"]}, place):
                yield Refusal(place, Rule.NAME, found.says)

    def _rest(self, written: Any, accepted: Any, place: str) -> Iterator[Refusal]:
        if accepted is False and written is not False:
            yield Refusal(place, Rule.PROPERTY, "further properties may be there and are refused")
        else:
            yield from self.schemas(written, accepted, place)


def _leaves(schema: Any, document: Schema, path: str, seen: tuple[str, ...] = ()) -> Iterator[Any]:
    """Yield the alternatives of a schema, each of one type, without references."""
    if schema is False:
        return
    if schema is True:
        schema = {}
    unknown = sorted(set(schema) - _KNOWN)
    if unknown:
        raise UnknownKeywordError(f"{path}: {', '.join(unknown)}: containment is not decided")
    if "$ref" in schema:
        name = str(schema["$ref"])
        if name in seen or not name.startswith("#/$defs/"):
            raise UnknownKeywordError(f"{path}: {name}: containment is not decided")
        rules = {key: value for key, value in schema.items() if key not in {*ANNOTATIONS, "$ref"}}
        target = document["$defs"][name.removeprefix("#/$defs/")]
        if set(rules) & set(target):
            raise UnknownKeywordError(f"{path}: {name} and {', '.join(rules)} beside it")
        yield from _leaves({**target, **rules}, document, path, (*seen, name))
    elif "anyOf" in schema:
        beside = sorted(set(schema) - ANNOTATIONS - {"anyOf"})
        if beside:
            raise UnknownKeywordError(f"{path}: anyOf and {', '.join(beside)} beside it")
        for option in schema["anyOf"]:
            yield from _leaves(option, document, path, seen)
    else:
        yield from _typed(schema)


def _typed(schema: Schema) -> Iterator[Schema]:
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    stated = schema.get("type", sorted(_TYPES - {"integer"}))
    for type_ in [stated] if isinstance(stated, str) else stated:
        leaf = {key: value for key, value in schema.items() if key not in {"const", "enum"}}
        if values is not None:
            leaf["enum"] = [v for v in values if type_ in _types_of(v)]
            if not leaf["enum"]:
                continue
        yield {**leaf, "type": type_}


def _types_of(value: Any) -> tuple[str, ...]:
    if isinstance(value, bool):
        return ("boolean",)
    if isinstance(value, (int, float)):
        return ("integer", "number") if float(value).is_integer() else ("number",)
    if isinstance(value, str):
        return ("string",)
    return ("null",) if value is None else ("array",) if isinstance(value, list) else ("object",)


def _exactly(value: Any, type_: str) -> Schema:
    if type_ in {"array", "object"}:
        raise UnknownKeywordError(f"{value!r}: containment of lists and objects is not decided")
    if type_ == "string":
        return {"type": type_, "minLength": len(value), "maxLength": len(value), "value": value}
    return {"type": type_, "minimum": value, "maximum": value}


def _values(written: Schema, read: Schema, path: str) -> Iterator[Refusal]:
    if "enum" not in written:
        yield Refusal(path, Rule.VALUE, f"any value is refused that is not of {read['enum']}")
        return
    for value in written["enum"]:
        if value not in read["enum"]:
            yield Refusal(path, Rule.VALUE, f"{json.dumps(value)} is refused")


def _bounds(written: Schema, read: Schema, path: str) -> Iterator[Refusal]:
    if read["type"] not in {"integer", "number"}:
        return
    for sign, word, strict in (
        (1, "minimum", "exclusiveMinimum"),
        (-1, "maximum", "exclusiveMaximum"),
    ):
        ours, theirs = _limit(written, sign, word, strict), _limit(read, sign, word, strict)
        if theirs is not None and (ours is None or ours < theirs):
            yield Refusal(path, Rule.BOUND, f"{word}: {_told(ours)} became {_told(theirs)}")


def _limit(schema: Schema, sign: int, word: str, strict: str) -> tuple[float, bool] | None:
    """Return a limit of which the narrower is the greater, an exclusive one above its equal."""
    found = [(sign * schema[key], key == strict) for key in (word, strict) if key in schema]
    return max(found, default=None)


def _told(limit: tuple[float, bool] | None) -> str:
    return "none" if limit is None else f"{abs(limit[0])}{' excluded' if limit[1] else ''}"


def _lengths(written: Schema, read: Schema, path: str) -> Iterator[Refusal]:
    of = {"string": "Length", "array": "Items", "object": "Properties"}.get(read["type"])
    if of is None:
        return
    least, most = written.get(f"min{of}", 0), written.get(f"max{of}")
    if least < read.get(f"min{of}", 0):
        yield Refusal(path, Rule.LENGTH, f"{least} is refused, {read[f'min{of}']} is the least")
    limit = read.get(f"max{of}")
    if limit is not None and (most is None or most > limit):
        yield Refusal(path, Rule.LENGTH, f"{most or 'any length'} is refused, {limit} is the most")


def _texts(written: Schema, read: Schema, path: str) -> Iterator[Refusal]:
    if read["type"] != "string":
        return
    pattern, value = read.get("pattern"), written.get("value")
    matches = pattern is None or (value is not None and re.search(pattern, value) is not None)
    if not matches and pattern != written.get("pattern"):
        yield Refusal(path, Rule.PATTERN, f"not all of it matches {pattern}")
    if "format" in read and read["format"] != written.get("format"):
        yield Refusal(path, Rule.FORMAT, f"not all of it is a {read['format']}")


def _governing(schema: Schema, name: str) -> list[Any]:
    """Return the schemas that a property of this name has to keep."""
    found = [schema["properties"][name]] if name in schema.get("properties", {}) else []
    patterns = schema.get("patternProperties", {})
    found += [rule for pattern, rule in patterns.items() if re.search(pattern, name)]
    return found or [schema.get("additionalProperties", True)]


def _default(ours: Any, theirs: Any, path: str) -> Iterator[Refusal]:
    """Compare what a property's absence means to the two."""
    meant, understood = (
        s.get("default", _ABSENT) if isinstance(s, Mapping) else _ABSENT for s in (ours, theirs)
    )
    if meant != understood or type(meant) is not type(understood):
        told = ("nothing" if d is _ABSENT else json.dumps(d) for d in (meant, understood))
        yield Refusal(path, Rule.DEFAULT, "left out, it meant {} and is read as {}".format(*told))
