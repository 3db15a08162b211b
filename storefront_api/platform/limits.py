"""How often a caller may ask: one token bucket for each caller and each limit, in Valkey.

A bucket holds `burst` tokens, a request takes one, and `per_s` tokens a second come back. One Lua
script looks and takes, by the server's clock: any number of storefronts count together, and their
clocks need not agree.

While Valkey is away every request passes. A limit keeps one caller's rush from the others; if the
counter's outage refused everybody, the protection would do the harm that it is there to prevent.
What must hold in any case (stock, codes, tries of a password) is guarded where it is stored.

Nor does a limit bind while a simulation sets the store's clock: a bucket fills by real time, in
which a shopper who lives through a month in minutes is no person any more.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Annotated, Any

import structlog
from fastapi import Depends, Request
from starlette.types import Scope
from valkey.asyncio import BlockingConnectionPool, Valkey
from valkey.exceptions import ValkeyError

from storefront_api.platform import metrics
from storefront_api.platform.auth import Caller, known
from storefront_api.platform.clock import is_simulated
from storefront_api.platform.errors import TooManyError
from storefront_api.platform.policy import Role

log = structlog.get_logger()

PROGRAMS = frozenset({Role.PARTNER})


@dataclass(frozen=True)
class Rate:
    """A limit.

    Parameters
    ----------
    burst
        Requests that may come at once.
    per_s
        Requests a second that may follow.
    exempt
        Roles that it does not bind.
    """

    burst: int
    per_s: float
    exempt: frozenset[Role] = field(default=PROGRAMS)

    @property
    def window_s(self) -> int:
        """Seconds in which an empty bucket fills."""
        return math.ceil(self.burst / self.per_s)


LIMITS: Mapping[str, Rate] = {
    "sessions": Rate(burst=100, per_s=2),
    "registering": Rate(burst=30, per_s=0.5),
    "signing_in": Rate(burst=60, per_s=1),
    "searching": Rate(burst=200, per_s=20),
    "recommending": Rate(burst=200, per_s=20),
    "collecting": Rate(burst=200, per_s=20),
    "beacons": Rate(burst=20_000, per_s=2_000),
    "carts": Rate(burst=200, per_s=10),
    "ordering": Rate(burst=60, per_s=1),
    "paying": Rate(burst=60, per_s=1),
    "privacy": Rate(burst=30, per_s=0.1),
}
"""Every limit, by the name that answers give it. They are far above what a person does."""

_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local burst, per_ms = tonumber(ARGV[1]), tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(kept[1]) or burst, tonumber(kept[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * per_ms)
local taken = 0
if tokens >= 1 then
    tokens, taken = tokens - 1, 1
end
redis.call('HSET', KEYS[1], 'tokens', tokens, 'at', math.max(now, at))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst - tokens) / per_ms) + 1000)
return {taken, math.floor(tokens), math.ceil(math.max(0, 1 - tokens) / per_ms)}
"""
TIMEOUT_S = 0.25
CONNECTIONS = 16
"""So many takings at once that a rush makes no rush of new connections."""
PAUSE_S = 1.0
"""How long Valkey is left alone after it did not answer: waiting would slow every request."""


class RateLimitedError(TooManyError):
    """The caller asks more often than the limit allows; `Retry-After` tells when to ask again."""

    code = "rate_limited"


@dataclass(frozen=True)
class Taken:
    """What became of one try to take a token.

    Parameters
    ----------
    passes
        Whether there was a token.
    left
        Tokens that remain.
    wait_ms
        Milliseconds until there is one; 0 if one remains.
    """

    passes: bool
    left: int
    wait_ms: int


class Limiter:
    """The buckets.

    Parameters
    ----------
    valkey_url
        Where they are.
    trusted_proxies
        Networks, parted by commas, whose `X-Forwarded-For` is believed.

    Raises
    ------
    ValueError
        If a network is none.
    """

    def __init__(self, valkey_url: str, trusted_proxies: str) -> None:
        self._valkey: Any = Valkey.from_pool(
            BlockingConnectionPool.from_url(
                valkey_url,
                max_connections=CONNECTIONS,
                timeout=TIMEOUT_S,
                socket_timeout=TIMEOUT_S,
                socket_connect_timeout=TIMEOUT_S,
            )
        )
        self._take = self._valkey.register_script(_TAKE)
        self._proxies = [ip_network(each.strip()) for each in trusted_proxies.split(",") if each]
        self._away_until = 0.0

    def address(self, scope: Scope) -> str:
        """Return the address of a caller; empty unless a trusted proxy tells it.

        Any other address may be that of a proxy, behind which everybody would share a bucket.
        """
        client = scope.get("client")
        if not self._proxies or client is None or not self._trusted(client[0]):
            return ""
        told = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        hops = b",".join(told).decode("latin-1").split(",")
        for hop in reversed([hop.strip() for hop in hops]):
            if not self._trusted(hop):
                return hop if _is_address(hop) else ""
        return ""

    def _trusted(self, address: str) -> bool:
        return _is_address(address) and any(ip_address(address) in each for each in self._proxies)

    async def take(self, name: str, caller: str) -> Taken | None:
        """Take a token; None if Valkey does not answer, or has lately not done so."""
        if time.monotonic() < self._away_until:
            metrics.UNLIMITED.inc()
            return None
        rate = LIMITS[name]
        try:
            passes, left, wait_ms = await self._take(
                [f"limit:{name}:{caller}"], [rate.burst, rate.per_s / 1000]
            )
        except (ValkeyError, OSError) as error:
            if time.monotonic() >= self._away_until:
                log.warning("nothing is limited while Valkey is away", error=type(error).__name__)
            self._away_until = time.monotonic() + PAUSE_S
            metrics.UNLIMITED.inc()
            return None
        return Taken(bool(passes), left, wait_ms)

    async def close(self) -> None:
        """Close the connections."""
        await self._valkey.aclose()


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Limit:
    """A dependency that bounds how often one caller may use a route and its like.

    Parameters
    ----------
    name
        One of `LIMITS`.
    """

    name: str

    def __post_init__(self) -> None:
        if self.name not in LIMITS:
            raise ValueError(f"no limit {self.name!r}; there are {', '.join(LIMITS)}")

    async def take(self, scope: Scope, caller: str) -> None:
        """Take a token of a caller's bucket, and have the answer tell of it.

        Raises
        ------
        RateLimitedError
            If there is none.
        """
        state = scope["app"].state
        if is_simulated(state.services.clock):
            return
        rate = LIMITS[self.name]
        limiter: Limiter = state.limiter
        taken = await limiter.take(self.name, caller)
        if taken is None:
            return
        until_full = math.ceil((rate.burst - taken.left) / rate.per_s)
        scope["state"]["headers"] += [
            (b"ratelimit-policy", f'"{self.name}";q={rate.burst};w={rate.window_s}'.encode()),
            (b"ratelimit", f'"{self.name}";r={taken.left};t={until_full}'.encode()),
        ]
        if not taken.passes:
            metrics.LIMITED.labels(self.name).inc()
            raise RateLimitedError(
                f"{self.name}: at most {rate.burst} requests at once and {rate.per_s:g} a second",
                math.ceil(taken.wait_ms / 1000),
            )


class CallerLimit(Limit):
    """Of a guarded route: each caller has a bucket."""

    async def __call__(self, request: Request, caller: Annotated[Caller, Depends(known)]) -> None:
        """Take a token, or refuse."""
        await self.bind(request.scope, caller)

    async def bind(self, scope: Scope, caller: Caller) -> None:
        """Do the same for a request that is not the framework's."""
        if caller.role not in LIMITS[self.name].exempt:
            await self.take(scope, caller.name)


class VisitorLimit(Limit):
    """Of a public route: each address has a bucket, where a trusted proxy tells addresses."""

    async def __call__(self, request: Request) -> None:
        """Take a token, or refuse."""
        await self.bind(request.scope)

    async def bind(self, scope: Scope) -> None:
        """Do the same for a request that is not the framework's."""
        limiter: Limiter = scope["app"].state.limiter
        address = limiter.address(scope)
        if address:
            await self.take(scope, address)


def limited(name: str) -> Any:
    """Return the dependency that bounds a guarded route: `dependencies=[limited("carts")]`."""
    return Depends(CallerLimit(name))


def visitors_limited(name: str) -> Any:
    """Return the dependency that bounds a public route."""
    return Depends(VisitorLimit(name))
