"""The tracking plan, written from the contract: `python -m storefront_api.events.tracking_plan`.

One line per event: when it is sent, by whom, who answers for it, what it carries and what of that
is personal. The event catalogue has the rules of each field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

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
    ecomarket contract page [FILE]

The second writes this plan as a page for a browser, with the counts beside each event. Both count
what the collector and the sink have refused, from `{topic}`, and how much of it was not resent yet;
an event or a version that the plan does not have is counted, too. `ecomarket dlq list` shows the
messages one by one. What the sink has refused is in the warehouse as well:

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


class Entry(NamedTuple):
    """What the plan says of one event, in its newest version.

    Parameters
    ----------
    older
        Versions that are still read.
    data
        The fields that it carries.
    pointers, sealed
        Paths of those that point to a person, and of those that are sealed.
    """

    type: str
    version: int
    older: list[int]
    what: str
    data: list[str]
    pointers: list[str]
    sealed: list[str]
    ga4: str


def entries(topic: Topic) -> Iterator[Entry]:
    """Yield what the plan says of a topic's events."""
    for type_, versions in _versions(topic).items():
        newest, *older = sorted(versions, reverse=True)
        schema = versions[newest]
        paths = list(fields(schema["properties"]["data"], schema["$defs"]))
        closed = sealed(topic, type_, newest)
        yield Entry(
            type_,
            newest,
            older,
            schema["description"],
            [path for path in paths if "." not in path],
            [p for p in paths if p.rpartition(".")[2] in POINTERS and p not in closed],
            closed,
            GA4.get(type_, ""),
        )


def sender(topic: Topic) -> str:
    """Return who sends a topic's events."""
    return _EMITTERS.get(topic, f"the store's {topic.module} module")


def _row(entry: Entry) -> tuple[str, ...]:
    older = f" ({', '.join(map(str, entry.older))})" if entry.older else ""
    listed = (_listed(names) for names in (entry.data, entry.pointers, entry.sealed))
    ga4 = f"`{entry.ga4}`" if entry.ga4 else ""
    return f"`{entry.type}`", f"{entry.version}{older}", entry.what, *listed, ga4


def page() -> str:
    """Return the plan as Markdown."""
    texts = [_HEAD.format(topic=DEAD_LETTERS)]
    for topic in EVENTS:
        texts.append(f"## {topic.module}\n")
        texts.append(f"Sent by {sender(topic)} to `{topic}`. Owner: `{OWNERS[topic]}`.\n")
        texts.append(table(_COLUMNS, [_row(entry) for entry in entries(topic)]))
    return "\n".join(texts)


def main() -> None:
    """Write the plan."""
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
