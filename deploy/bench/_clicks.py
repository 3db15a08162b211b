"""Clicks of 350 bytes, in the bodies of requests to the collector."""

from __future__ import annotations

import json
import random

import uuid_utils

EVENT_BYTES = 350
INSTANT = "2026-03-01T09:30:00.000Z"
_NUMBER = "abababcdcd"
"""Stands where the number of a body comes."""


def click(source: random.Random, id_: str = "") -> bytes:
    """Return one event as a page states it.

    Parameters
    ----------
    id_
        A UUIDv7; empty for a new one.
    """
    event = {
        "id": id_ or str(uuid_utils.uuid7()),
        "type": "product_viewed",
        "version": 1,
        "occurred_at": INSTANT,
        "data": {
            "session_id": f"ses-{source.getrandbits(64):016x}",
            "anonymous_id": f"a-{source.getrandbits(64):016x}",
            "sku": f"CJ{source.randrange(100_000)}",
            "price_minor": source.randrange(1_000_000),
            "slate_id": "",
        },
    }
    short = json.dumps(event, separators=(",", ":"))
    event["data"]["slate_id"] = "s" * min(64, EVENT_BYTES - len(short))  # type: ignore[index]
    short = json.dumps(event, separators=(",", ":"))
    return (short[:-1] + " " * max(0, EVENT_BYTES - len(short)) + "}").encode()


def batch(events: int, source: random.Random) -> bytes:
    """Return the body of a request with so many events."""
    return b'{"events":[%s]}' % b",".join(click(source) for _ in range(events))


class Stencil:
    """Bodies of one shape, whose events differ in id and instant: made in microseconds.

    Parameters
    ----------
    events
        How many there are in a body, 256 at most.
    """

    def __init__(self, events: int, source: random.Random) -> None:
        ids = [f"01953a11-0000-7000-8000-{_NUMBER}{index:02x}" for index in range(events)]
        self._body = b'{"events":[%s]}' % b",".join(click(source, id_) for id_ in ids)

    def body(self, number: int, instant: str) -> bytes:
        """Return the body of a number of its own, all of whose events happened at an instant."""
        numbered = self._body.replace(_NUMBER.encode(), b"%010x" % number)
        return numbered.replace(INSTANT.encode(), instant.encode())
