"""The keys that personal fields are sealed with: a row each in the store's table `subject_keys`.

The table is a part of the contract, as the topics are: who publishes makes keys, who reads asks for
them, and an erasure destroys them for good. A row without a key says that it was destroyed; so no
new one is made, and "destroyed" is never taken for "cannot be asked".
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storefront_api.events.sealing import (
    HEADER,
    KEY_BYTES,
    Split,
    key_id_in,
    key_id_of,
    opened,
    sealed,
)

Headers = list[tuple[str, str | bytes | None]]

KNOWN_FOR_S = 60.0
"""How long a process goes on with a key that it knows, destroyed or not."""
MOST = 20_000
"""So many keys a process knows at a time."""

MAKE = """
INSERT INTO subject_keys (key_id, key)
SELECT * FROM unnest($1::bytea[], $2::bytea[]) AS made (key_id, key) ORDER BY key_id
ON CONFLICT DO NOTHING
"""
"""Make keys, $2, of those ids, $1, that have none and never had."""
READ = "SELECT key_id, key FROM subject_keys WHERE key_id = ANY ($1::bytea[])"
DESTROY = """
INSERT INTO subject_keys (key_id, key, destroyed_at)
SELECT key_id, NULL, now() FROM unnest($1::bytea[]) AS gone (key_id) ORDER BY key_id
ON CONFLICT (key_id) DO UPDATE SET key = NULL, destroyed_at = now()
WHERE subject_keys.key IS NOT NULL
"""
"""Destroy the keys of some ids, $1, and have none made of them later."""


class SubjectKeys:
    """The keys that a process knows: bounded, and asked for anew after a while.

    What is called `database` below is an asyncpg pool or connection on which no transaction is
    open: a key has to be there before anything that it seals. If it is away its methods raise what
    asyncpg does: `asyncpg.PostgresError`, `asyncpg.InterfaceError` or `OSError`.

    Parameters
    ----------
    clock
        Returns seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[float, AESGCM | None]] = OrderedDict()

    async def seal(self, database: Any, messages: Sequence[Split]) -> list[Headers]:
        """Return the headers that open each message, making keys for owners who never had one.

        For an owner who was erased there are none: nobody could open the message, so that it is
        published as if nothing in it had been personal.
        """
        key_ids = [key_id_of(message.owner) for message in messages]
        keys = self._fresh(key_ids)
        if unknown := sorted(set(key_ids) - keys.keys()):
            rows = await database.fetch(READ, unknown)
            if len(rows) < len(unknown):
                there = {row["key_id"] for row in rows}
                new = [key_id for key_id in unknown if key_id not in there]
                made = [secrets.token_bytes(KEY_BYTES) for _ in new]
                await database.execute(MAKE, new, made)
                # Whoever made one of them at the same time may have been first.
                rows = await database.fetch(READ, unknown)
            keys |= self._learn(rows)
        found: list[Headers] = []
        for key_id, message in zip(key_ids, messages, strict=True):
            key = keys[key_id]
            found.append([] if key is None else [(HEADER, sealed(message, key))])
        return found

    async def open(
        self, database: Any, messages: Sequence[tuple[bytes, bytes]]
    ) -> list[bytes | None]:
        """Open messages by their headers; None for one whose key was destroyed, or never was.

        Parameters
        ----------
        messages
            Value and header of each.

        Raises
        ------
        storefront_api.events.sealing.CannotOpenError
            If a header is not its message's.
        """
        key_ids = [key_id_in(header) for _, header in messages]
        keys = self._fresh(key_ids)
        if unknown := sorted(set(key_ids) - keys.keys()):
            rows = await database.fetch(READ, unknown)
            keys |= self._learn([*dict.fromkeys(unknown).items(), *map(tuple, rows)])
        found: list[bytes | None] = []
        for key_id, (value, header) in zip(key_ids, messages, strict=True):
            key = keys[key_id]
            found.append(None if key is None else opened(value, header, key))
        return found

    def _fresh(self, key_ids: Iterable[bytes]) -> dict[bytes, AESGCM | None]:
        since = self._clock() - KNOWN_FOR_S
        known = {key_id: self._known.get(key_id) for key_id in key_ids}
        return {
            key_id: found[1]
            for key_id, found in known.items()
            if found is not None and found[0] >= since
        }

    def _learn(self, rows: Iterable[Any]) -> dict[bytes, AESGCM | None]:
        now = self._clock()
        learned = {key_id: None if key is None else AESGCM(key) for key_id, key in rows}
        for key_id, key in learned.items():
            self._known[key_id] = (now, key)
            self._known.move_to_end(key_id)
        while len(self._known) > MOST:
            self._known.popitem(last=False)
        return learned


async def destroy(database: Any, owners: Iterable[str]) -> int:
    """Destroy keys for good, and return how many there were, or might have been made."""
    status = await database.execute(DESTROY, [key_id_of(owner) for owner in owners])
    return int(str(status).rpartition(" ")[2])
