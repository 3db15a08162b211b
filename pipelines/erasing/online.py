"""Erasing subjects from the online store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import valkey

from models.features.online import batch_key, known_key, recent_key, velocity_key
from pipelines.erasing.receipts import Erased


def erase_online(store: valkey.Valkey, subjects: Sequence[str]) -> Iterator[Erased]:
    """Delete what the online store keeps under each subject, and yield what there was.

    Sets of cards and devices are not a subject's alone: they hold ids and amounts of orders, and
    are gone two days after the last.
    """
    for subject in subjects:
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
