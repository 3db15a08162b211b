"""Erasing subjects from the online store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import valkey

from models.features.online import batch_key, known_key, recent_key, velocity_key
from pipelines.erasing.receipts import Erased


def erase_online(store: valkey.Valkey, subjects: Sequence[str]) -> Iterator[Erased]:
    """Delete what the online store keeps under each subject, and yield what there was.

    The counters of its cards and devices go, too, which name them: whoever else uses one is
    counted anew.
    """
    for subject in subjects:
        counters = [_counter(str(member)) for member in _members(store, subject)]
        counted: Any = store.delete(*counters) if counters else 0
        if counted:
            yield Erased(subject, "online_store", "velocity of cards and devices", int(counted))
        keys = {
            "known": known_key(subject),
            "recent": recent_key(subject),
            "batch": batch_key(subject),
            "velocity": velocity_key("shopper", subject),
        }
        for what, key in keys.items():
            deleted: Any = store.delete(key)
            if deleted:
                yield Erased(subject, "online_store", what, int(deleted))


def _members(store: valkey.Valkey, subject: str) -> list[str]:
    """Return the cards and devices that are known of a subject."""
    members: Any = store.zrange(known_key(subject), 0, -1)
    return list(members)


def _counter(member: str) -> str:
    kind, _, identifier = member.partition(":")
    return velocity_key("card" if kind == "card" else "device", identifier)
