"""The tracking plan, written from the contract: `python -m storefront_api.events.tracking_plan`.

One line per event: when it is sent, by whom, who answers for it, what it carries and what of that
is personal. The event catalogue has the rules of each field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from storefront_api.events.catalogue import GA4, ROOT, table
from storefront_api.events.registry import EVENTS, name_of
from storefront_api.events.sealing import SPLITTERS, Blanks
from storefront_api.events.topics import DEAD_LETTERS, Topic

PAGE = ROOT / "docs" / "tracking-plan.md"
OWNERS: Mapping[Topic, str] = {
    **{topic: f"storefront_api/{topic.module}" for topic in Topic},
    Topic.CLICKSTREAM: "storefront_api/collect",
    Topic.DECISIONS: "serving",
}
"""The folder whose people answer for a topic's events: that of its one producing module."""
POINTERS = frozenset(
    {"anonymous_id", "by", "features", "from_subject", "recipient", "request", "session_id"}
)
"""Fields that point to a person, by a pseudonym or by what one did, and by which events are joined:
they are not sealed."""
_EMITTERS: Mapping[Topic, str] = {
    Topic.CLICKSTREAM: "pages, through the collector",
    Topic.DECISIONS: "the model endpoint",
}
_COLUMNS = ("event", "version", "when", "`data`", "points to a person", "sealed", "in GA4")
_HEAD = """\
# Tracking plan

What is tracked, when, by whom, and who answers for it, written from the contract by
`python -m storefront_api.events.tracking_plan`; a test keeps both in step. The rules of every field
are in the [event catalogue](events.md).

Each event is sent once for what happened, with the time at which it happened. Its `subject` is the
pseudonym of the person concerned, so that every event with one is personal. One column names what
else points to a person; another what describes one, says where one is, or may hold what one typed:
that is sealed in Kafka with the person's key ([ADR 40](adr/0040-sealed-fields.md)). Clicks without
consent to analytics carry no subject and no id.

The newest version is what is sent. Older ones, in parentheses, are still read, as the newest
([ADR 26](adr/0026-contract-evolution.md)).

## Violations

What breaks the plan is refused with the field and the rule, and kept as a dead letter. How often,
of which event and version, by which rule, and when last:

    ecomarket contract violations [--json]

That counts what the collector and the sink have refused, from `{topic}`, and how much of it was
not resent yet; an event or a version that the plan does not have is counted, too.
`ecomarket dlq list` shows the messages one by one. What the sink has refused is in the
warehouse as well:

    SELECT topic, JSONExtractString(payload, 'type') AS type, schema_version, reason,
           count() AS letters, max(failed_at) AS last_seen
    FROM raw.dead_letters GROUP BY ALL ORDER BY letters DESC
"""


def fields(schema: Mapping[str, Any], parts: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yield the paths of all fields of a schema, of its parts, too; ``[]`` stands for any item."""
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    schema = {**parts.get(name, {}), **schema}
    if path:
        yield path
    for option in schema.get("anyOf", ()):
        yield from (found for found in fields(option, parts, path) if found != path)
    if "items" in schema:
        yield from (found for found in fields(schema["items"], parts, f"{path}[]") if "." in found)
    for key, field in schema.get("properties", {}).items():
        yield from fields(field, parts, f"{path}.{key}" if path else key)


def _versions(topic: Topic) -> dict[str, dict[int, Mapping[str, Any]]]:
    found: dict[str, dict[int, Mapping[str, Any]]] = {}
    for event in EVENTS[topic]:
        type_, version = name_of(event)
        found.setdefault(type_, {})[version] = event.model_json_schema()
    return found


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def sealed(topic: Topic, type_: str, version: int) -> list[str]:
    """Return the paths of the fields of an event that are sealed."""
    return sorted(_paths(SPLITTERS[topic].blanks.get((type_, version), {})))


def _paths(blanks: Blanks, path: str = "") -> Iterator[str]:
    for name, blank in blanks.items():
        if isinstance(blank, dict):
            yield from _paths(blank, f"{path}{name}.")
        else:
            yield f"{path}{name}"


def _row(topic: Topic, type_: str, versions: Mapping[int, Mapping[str, Any]]) -> tuple[str, ...]:
    newest, *older = sorted(versions, reverse=True)
    schema = versions[newest]
    paths = list(fields(schema["properties"]["data"], schema["$defs"]))
    told = f"{newest} ({', '.join(map(str, older))})" if older else str(newest)
    closed = sealed(topic, type_, newest)
    pointers = [p for p in paths if p.rpartition(".")[2] in POINTERS and p not in closed]
    ga4 = f"`{GA4[type_]}`" if type_ in GA4 else ""
    data = _listed([path for path in paths if "." not in path])
    what = schema["description"]
    return f"`{type_}`", told, what, data, _listed(pointers), _listed(closed), ga4


def page() -> str:
    """Return the plan as Markdown."""
    texts = [_HEAD.format(topic=DEAD_LETTERS)]
    for topic in EVENTS:
        sender = _EMITTERS.get(topic, f"the store's {topic.module} module")
        texts.append(f"## {topic.module}\n")
        texts.append(f"Sent by {sender} to `{topic}`. Owner: `{OWNERS[topic]}`.\n")
        texts.append(table(_COLUMNS, [_row(topic, *named) for named in _versions(topic).items()]))
    return "\n".join(texts)


def main() -> None:
    """Write the plan."""
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
