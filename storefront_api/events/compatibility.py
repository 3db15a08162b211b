"""Whether the contract still keeps to what was published of it.

The record in `published/` holds the rules of every event and version as they were when the version
was published; a file of it is written once and never edited. A version may change in wording
alone: what old data may hold the new reader takes (backward), and what the new writer may write
the old reader takes (forward). Everything else is a new version beside the old one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from storefront_api.events.containment import Schema, refusals
from storefront_api.events.registry import json_schemas

RECORD = Path(__file__).parent / "published"
_WORDING = ("title", "description")


class Direction(StrEnum):
    """Who can no longer read whom."""

    BACKWARD = "backward"
    """Today's reader refuses, or misunderstands, data that were written before."""
    FORWARD = "forward"
    """A reader of the published version refuses, or misunderstands, what is written today."""
    RECORD = "record"
    """The record and the contract do not have the same events."""


@dataclass(frozen=True)
class Violation:
    """A change of a published version that is not allowed.

    Parameters
    ----------
    event
        ``<topic>/<type>``.
    version
        The version whose rules changed.
    direction
        Who is affected.
    path
        JSON path of the place in the message.
    rule
        Kind of the rule, as in `containment.Rule`; or ``gone`` or ``not published``.
    says
        The difference in words.
    """

    event: str
    version: int
    direction: Direction
    path: str
    rule: str
    says: str


def published(folder: Path = RECORD) -> dict[str, Schema]:
    """Return the record, keyed ``<topic>/<type>.v<version>``."""
    return {
        f"{path.parent.name}/{path.stem}": json.loads(path.read_text("utf-8"))
        for path in sorted(folder.glob("*/*.json"))
    }


def violations(record: Mapping[str, Schema], working: Mapping[str, Schema]) -> list[Violation]:
    """Compare the contract with its record, event by event.

    Parameters
    ----------
    record, working
        Schemas as they were published and as they are, keyed ``<topic>/<type>.v<version>``.

    Raises
    ------
    storefront_api.events.containment.UnknownKeywordError
        If a schema uses a keyword that compatibility is not decided for.
    """
    found: list[Violation] = []
    for name in sorted({*record, *working}):
        event, _, version = name.rpartition(".v")
        where = (event, int(version))
        if name not in working:
            says = "it was published: old data hold it, and have to be read for ever"
            found.append(Violation(*where, Direction.RECORD, "$", "gone", says))
        elif name not in record:
            says = "`ecomarket contract publish` adds it to the record"
            found.append(Violation(*where, Direction.RECORD, "$", "not published", says))
        else:
            old, new = record[name], working[name]
            for direction, writer, reader in (
                (Direction.BACKWARD, old, new),
                (Direction.FORWARD, new, old),
            ):
                for refusal in refusals(writer, reader):
                    rule = refusal.rule.value
                    found.append(Violation(*where, direction, refusal.path, rule, refusal.says))
    return found


def check() -> list[Violation]:
    """Compare the contract as it is with the record in the repository."""
    return violations(published(), json_schemas())


def publish(folder: Path = RECORD) -> list[str]:
    """Add what the record does not have yet, and return its names; nothing in it is changed."""
    there = published(folder)
    added = {name: schema for name, schema in json_schemas().items() if name not in there}
    for name, schema in added.items():
        path = folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(_rules(schema), indent=1) + "\n", "utf-8")
    return list(added)


def _rules(schema: Any, named: bool = False) -> Any:
    """Return a schema without its wording; a property may be called `title`."""
    if isinstance(schema, list):
        return [_rules(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _rules(value, named=key in {"properties", "$defs", "patternProperties"} and not named)
        for key, value in schema.items()
        if named or key not in _WORDING
    }
