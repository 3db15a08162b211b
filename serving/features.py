"""Read what the online store knows of a shopper, in one round trip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import valkey.asyncio as valkey
from valkey.asyncio.connection import BlockingConnectionPool
from valkey.asyncio.retry import Retry
from valkey.backoff import NoBackoff
from valkey.exceptions import ValkeyError

from models.features.online import (
    DAY_MS,
    aged,
    batch_key,
    decode_batch,
    epoch_ms,
    known_key,
    known_member,
    recent_key,
    stream_features,
    velocity_key,
)
from serving import metrics

CONNECTIONS = 32


class FeaturesAwayError(Exception):
    """Transient: the online store did not answer in time."""


@dataclass(frozen=True)
class OrderKeys:
    """By what an order's history is found; an empty identifier has none."""

    occurred_at: datetime
    subject: str
    card: str
    device_id: str


@dataclass(frozen=True)
class OrderHistory:
    """Batch and stream features of an order, strictly before it.

    Parameters
    ----------
    batch_as_of
        The day at whose start the batch features are as of; None when there are none.
    """

    batch_as_of: date | None
    batch: Mapping[str, float | None]
    stream: Mapping[str, float | None]


class OnlineFeatures:
    """A client of the online store that gives up in time for an answer to be useful."""

    def __init__(self, url: str, timeout_ms: int) -> None:
        seconds = timeout_ms / 1000
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=seconds,
            decode_responses=True,
            socket_timeout=seconds,
            socket_connect_timeout=seconds,
            retry=Retry(NoBackoff(), 0),
        )
        self._client = valkey.Valkey.from_pool(pool)

    async def of_order(self, keys: OrderKeys) -> OrderHistory:
        """Return the history of an order.

        Batch features of a later day than the order's are not used: they know its future.

        Raises
        ------
        FeaturesAwayError
            If the store does not answer in time.
        """
        at_ms = epoch_ms(keys.occurred_at)
        window = (at_ms - DAY_MS, f"({at_ms}")
        pipe: Any = self._client.pipeline(transaction=False)
        pipe.hgetall(batch_key(keys.subject))
        pipe.zrangebyscore(velocity_key("card", keys.card), *window, withscores=True)
        pipe.zcount(velocity_key("device", keys.device_id), *window)
        pipe.zcount(velocity_key("shopper", keys.subject), *window)
        pipe.zscore(known_key(keys.subject), known_member("card", keys.card))
        pipe.zscore(known_key(keys.subject), known_member("device", keys.device_id))
        fields, card, device, shopper, card_since, device_since = await self._execute(pipe)
        as_of, batch = _batch_before(fields, keys.occurred_at.astimezone(UTC).date())
        stream = stream_features(
            at_ms=at_ms,
            card_orders=card,
            device_orders=device,
            shopper_orders=shopper,
            card_known_since=card_since,
            device_known_since=device_since,
        )
        return OrderHistory(as_of, batch, stream)

    async def recent(self, subject: str, count: int) -> list[str]:
        """Return the SKUs that a shopper met last, latest first.

        Raises
        ------
        FeaturesAwayError
            If the store does not answer in time.
        """
        pipe: Any = self._client.pipeline(transaction=False)
        pipe.zrevrange(recent_key(subject), 0, count - 1)
        skus: list[str] = (await self._execute(pipe))[0]
        return skus

    async def is_there(self) -> bool:
        """Tell whether the store answers."""
        pipe: Any = self._client.pipeline(transaction=False)
        pipe.ping()
        try:
            await self._execute(pipe)
        except FeaturesAwayError:
            return False
        return True

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    @staticmethod
    async def _execute(pipe: Any) -> list[Any]:
        try:
            answers: list[Any] = await pipe.execute()
        except (ValkeyError, OSError) as error:
            metrics.FEATURE_READS.labels("away").inc()
            raise FeaturesAwayError(str(error)) from error
        metrics.FEATURE_READS.labels("ok").inc()
        return answers


def _batch_before(
    fields: Mapping[str, str], day: date
) -> tuple[date | None, dict[str, float | None]]:
    try:
        as_of, batch = decode_batch(fields)
    except ValueError as error:
        raise FeaturesAwayError(f"a batch hash is unreadable: {error}") from error
    if as_of is None or as_of > day:
        return decode_batch({})
    return as_of, aged(batch, (day - as_of).days)
