"""A message that is no event: what is published of it to the topic of dead letters."""

from __future__ import annotations

import json
from dataclasses import dataclass

EDGE = -1
"""Partition and offset of what was refused before it had any: by the clickstream's collector."""


@dataclass(frozen=True)
class DeadLetter:
    """A message as it was, where it was found, and why it was refused.

    Parameters
    ----------
    topic
        Where it was, or where it should have gone.
    partition, offset
        Where it stands there; both `EDGE` if it was refused before.
    reason
        The field and the rule that it breaks.
    schema_version
        The version that it claims; 0 if it claims none.
    payload
        The message. Of one that the collector refused: the event as it would have been published.
    place
        What tells apart letters that have no offset, and follows the topic in the key.
    """

    topic: str
    partition: int
    offset: int
    reason: str
    schema_version: int
    payload: bytes
    place: str = ""

    @property
    def key(self) -> str:
        """What the letter is published under: the same message has the same key again."""
        return f"{self.topic}/{self.place or f'{self.partition}/{self.offset}'}"

    @property
    def headers(self) -> list[tuple[str, str | bytes | None]]:
        """What is published beside the payload: each value as JSON."""
        values = {
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "reason": self.reason,
            "schema_version": self.schema_version,
        }
        return [(name, json.dumps(value).encode()) for name, value in values.items()]
