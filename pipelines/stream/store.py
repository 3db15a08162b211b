"""Write batches to the online store, each with the log offset that it brings the store to.

The offsets live beside what was counted up to them and change in the same transaction. So a store
that lost its last second in a crash, or everything, says itself where to read on from, and a
consumer that another one has replaced cannot write.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import valkey
from valkey.backoff import NoBackoff
from valkey.exceptions import (
    ConnectionError as ValkeyConnectionError,
)
from valkey.exceptions import (
    OutOfMemoryError,
    ReadOnlyError,
    WatchError,
)
from valkey.exceptions import (
    TimeoutError as ValkeyTimeoutError,
)
from valkey.retry import Retry

from models.features.online import RECENT_LENGTH, VELOCITY_RETENTION_MS
from pipelines.stream.batch import Batch
from pipelines.stream.errors import StoreAwayError, StoreMovedError

VELOCITY_TTL = timedelta(milliseconds=VELOCITY_RETENTION_MS)
RECENT_TTL = timedelta(days=90)
KNOWN_TTL = timedelta(days=400)
"""A shopper who did not order for so long starts again as a stranger to his own card."""
ANSWER_WITHIN_S = 5.0
_TRIM = """
local newest = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. string.format('%.0f', newest - ARGV[1]))
"""
"""Remove what is older than the newest by more than ARGV[1]. The newest is the store's own and not
the batch's: partitions are read in no order, and an old order may come behind a new one."""
AWAY = (ValkeyConnectionError, ValkeyTimeoutError, OutOfMemoryError, ReadOnlyError)
"""Errors of the valkey client that pass when the server is well again."""

Partition = tuple[str, int]
"""Topic and partition number."""


def connect(url: str) -> valkey.Valkey:
    """Return a client that reports a lost connection rather than retrying behind our back."""
    return valkey.Valkey.from_url(
        url,
        decode_responses=True,
        socket_timeout=ANSWER_WITHIN_S,
        socket_connect_timeout=ANSWER_WITHIN_S,
        retry=Retry(NoBackoff(), 0),
    )


class OnlineStore:
    """The online store as the stream consumer writes it."""

    def __init__(self, client: valkey.Valkey) -> None:
        self._client = client
        self._trim = client.register_script(_TRIM)

    def offsets(self, partitions: list[Partition]) -> dict[Partition, int | None]:
        """Return the next offset to read of each partition; None when the store has none.

        Raises
        ------
        StoreAwayError
            If the store does not answer.
        """
        if not partitions:
            return {}
        try:
            stored: Any = self._client.mget([_offset_key(partition) for partition in partitions])
        except AWAY as error:
            raise StoreAwayError(str(error)) from error
        return _by_partition(partitions, stored)

    def write(
        self,
        batch: Batch,
        offsets: Mapping[Partition, int],
        expected: Mapping[Partition, int | None],
    ) -> None:
        """Apply a batch and move the offsets, both or neither.

        Parameters
        ----------
        offsets
            The next offset to read of every partition that the batch came from.
        expected
            The offsets of those partitions as this consumer last read or wrote them.

        Raises
        ------
        StoreMovedError
            If the store's offsets are others; nothing was written.
        StoreAwayError
            If the store does not answer; whether the batch was written is unknown.
        """
        partitions = list(offsets)
        keys = [_offset_key(partition) for partition in partitions]
        try:
            pipe: Any
            with self._client.pipeline(transaction=True) as pipe:
                pipe.watch(*keys)
                stored = _by_partition(partitions, pipe.mget(keys))
                if any(stored[partition] != expected.get(partition) for partition in partitions):
                    raise StoreMovedError(f"the store is at {stored}, expected {dict(expected)}")
                pipe.multi()
                self._queue(pipe, batch)
                pipe.mset(dict(zip(keys, offsets.values(), strict=True)))
                pipe.execute()
        except WatchError as error:
            raise StoreMovedError("the store's offsets changed during a write") from error
        except AWAY as error:
            raise StoreAwayError(str(error)) from error

    def _queue(self, pipe: Any, batch: Batch) -> None:
        for key, orders in batch.velocity():
            pipe.zadd(key, orders)
            self._trim(keys=[key], args=[VELOCITY_RETENTION_MS], client=pipe)
            pipe.expire(key, VELOCITY_TTL)
        for key, members in batch.known():
            pipe.zadd(key, members, lt=True)
            pipe.expire(key, KNOWN_TTL)
        for key, products in batch.recent():
            pipe.zadd(key, products, gt=True)
            pipe.zremrangebyrank(key, 0, -RECENT_LENGTH - 1)
            pipe.expire(key, RECENT_TTL)


def _offset_key(partition: Partition) -> str:
    topic, number = partition
    return f"stream:offset:{topic}:{number}"


def _by_partition(
    partitions: list[Partition], stored: list[str | None]
) -> dict[Partition, int | None]:
    return {
        partition: None if value is None else int(value)
        for partition, value in zip(partitions, stored, strict=True)
    }
