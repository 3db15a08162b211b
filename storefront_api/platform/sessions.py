"""Which sessions of accounts are live, and in what role, in Valkey: one question for each request.

Each account has one hash. A field named after a session says that it is live; the field
`standing` says what its account may do now. What is gone from here is refused at once; that it
may come back is decided in PostgreSQL, where sessions are kept for good. One key for an account,
so that a cluster answers and changes it in one place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
import valkey.asyncio as valkey
from valkey.asyncio.connection import BlockingConnectionPool
from valkey.asyncio.retry import Retry
from valkey.backoff import NoBackoff
from valkey.exceptions import ValkeyError

from storefront_api.platform.errors import AwayError
from storefront_api.platform.policy import Role

CONNECTIONS = 32
_STANDING = "standing"
_LIVE = b"1"
_MARGIN_S = 60


class SessionsAwayError(AwayError):
    """Valkey does not answer: who is signed in cannot be told, so nobody is let in as such."""

    code = "sessions_away"


class Standing(msgspec.Struct, frozen=True):
    """What an account may do now.

    Parameters
    ----------
    vendor_id
        The vendor that an account in the role of one works for; empty for all others.
    """

    role: Role
    vendor_id: str = ""


@dataclass(frozen=True)
class Live:
    """What is known of a session.

    Parameters
    ----------
    live
        Whether it may be used.
    standing
        What its account may do; None while that is being changed, then PostgreSQL knows.
    """

    live: bool
    standing: Standing | None


class LiveSessions:
    """The live sessions of all accounts.

    Parameters
    ----------
    url
        Of Valkey.
    timeout_ms
        After this it counts as away.
    lifetime_s
        How long an access token holds: nothing is kept for longer than one can be used.
    """

    def __init__(self, url: str, timeout_ms: int, lifetime_s: int) -> None:
        seconds = timeout_ms / 1000
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=seconds,
            socket_timeout=seconds,
            socket_connect_timeout=seconds,
            retry=Retry(NoBackoff(), 0),
        )
        self._client: Any = valkey.Valkey.from_pool(pool)
        self._lifetime_s = lifetime_s

    async def find(self, account_id: UUID, session_id: UUID) -> Live:
        """Tell whether a session is live, and its account's standing, in one round trip.

        Raises
        ------
        SessionsAwayError
            If Valkey does not answer.
        """
        live, standing = await self._answer(
            self._client.hmget(_key(account_id), [str(session_id), _STANDING])
        )
        known = None if standing is None else msgspec.json.decode(standing, type=Standing)
        return Live(live is not None, known)

    async def open(self, account_id: UUID, session_id: UUID, standing: Standing) -> None:
        """Make a session live, in the standing that its account has now.

        The caller holds the account's row locked, so that a change of it cannot be overtaken.
        """
        async with self._client.pipeline(transaction=True) as pipeline:
            pipeline.hset(
                _key(account_id),
                mapping={str(session_id): _LIVE, _STANDING: msgspec.json.encode(standing)},
            )
            pipeline.expire(_key(account_id), self._lifetime_s + _MARGIN_S)
            await self._answer(pipeline.execute())

    async def close(self, account_id: UUID, session_ids: Sequence[UUID]) -> None:
        """End sessions: their access tokens are refused from now on."""
        if session_ids:
            await self._answer(self._client.hdel(_key(account_id), *map(str, session_ids)))

    async def close_all(self, account_id: UUID) -> None:
        """End every session of an account."""
        await self._answer(self._client.delete(_key(account_id)))

    async def forget_standing(self, account_id: UUID) -> None:
        """Have requests ask PostgreSQL what an account may do, from now on until `settle`."""
        await self._answer(self._client.hdel(_key(account_id), _STANDING))

    async def settle(self, account_id: UUID, standing: Standing) -> None:
        """Say what an account may do; the caller holds its row locked."""
        async with self._client.pipeline(transaction=True) as pipeline:
            pipeline.hset(_key(account_id), _STANDING, msgspec.json.encode(standing))
            pipeline.expire(_key(account_id), self._lifetime_s + _MARGIN_S)
            await self._answer(pipeline.execute())

    async def shut(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _answer(self, asked: Awaitable[Any]) -> Any:
        try:
            return await asked
        except (ValkeyError, OSError) as error:
            raise SessionsAwayError("sessions cannot be checked: Valkey is away") from error


def _key(account_id: UUID) -> str:
    return f"storefront:sessions:{account_id}"
