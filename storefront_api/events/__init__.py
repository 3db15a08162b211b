"""The event contract: the only part of the storefront that other parts may import.

A payload travels as the JSON of an :class:`Event`. `registry` knows every type and version,
`topics` where each is published, and `examples/` holds one published payload of each, which
every consumer's tests parse.
"""

from storefront_api.events.envelope import Event
from storefront_api.events.registry import EVENTS, UnknownEventError, json_schemas, parse, schema_of
from storefront_api.events.topics import DEAD_LETTERS, RESENT_LETTERS, Topic

__all__ = [
    "DEAD_LETTERS",
    "EVENTS",
    "RESENT_LETTERS",
    "Event",
    "Topic",
    "UnknownEventError",
    "json_schemas",
    "parse",
    "schema_of",
]
