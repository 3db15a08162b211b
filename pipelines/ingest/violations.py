"""How often the contract was broken, counted over the dead letters."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from pipelines.ingest.letters import Letter
from storefront_api.events import EVENTS, Topic
from storefront_api.events.registry import name_of


@dataclass(frozen=True)
class Violation:
    """One rule that messages of one event and version broke.

    Parameters
    ----------
    topic
        Where the messages were, or should have gone.
    type
        The event that they claim to be; empty if the topic has no such event.
    schema_version
        The version that they claim; 0 if none.
    reason
        The field and the rule.
    letters
        How many messages.
    open
        How many of them were not resent.
    last_seen
        When the latest was refused, in UTC.
    """

    topic: str
    type: str
    schema_version: int
    reason: str
    letters: int
    open: int
    last_seen: datetime


class _Claim(msgspec.Struct):
    type: str = ""


_claims = msgspec.json.Decoder(_Claim)


def violations(letters: Iterable[Letter], resent: Collection[str]) -> list[Violation]:
    """Count letters by topic, event, version and reason, most frequent first.

    Parameters
    ----------
    letters
        What was refused.
    resent
        Ids of the letters that were sent again.
    """
    groups: dict[tuple[str, str, int, str], list[Letter]] = {}
    for letter in letters:
        key = (letter.topic, _type(letter), letter.schema_version, letter.reason)
        groups.setdefault(key, []).append(letter)
    counted = [
        Violation(
            *key,
            letters=len(group),
            open=sum(letter.id not in resent for letter in group),
            last_seen=max(letter.failed_at for letter in group),
        )
        for key, group in groups.items()
    ]
    return sorted(counted, key=lambda v: (-v.letters, v.topic, v.type, v.schema_version, v.reason))


_TYPES = {(topic.value, name_of(event)[0]) for topic in Topic for event in EVENTS[topic]}


def _type(letter: Letter) -> str:
    """Return the type that a payload claims, if its topic has it: anybody can make up others."""
    try:
        claimed = _claims.decode(letter.payload).type
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return claimed if (letter.topic, claimed) in _TYPES else ""
