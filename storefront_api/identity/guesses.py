"""Guesses are counted before they are looked at, so that parallel ones are counted too.

After some that may follow each other at once, each has to wait twice as long as the one before.
They are counted for the account that somebody wants to be, known or not, so that the answer does
not tell whether it exists.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from storefront_api.identity import factor_repository as repository
from storefront_api.platform.database import Connection
from storefront_api.platform.errors import TooManyError
from storefront_api.services import Services

FORGOTTEN_AFTER = timedelta(days=1)


class Guess(StrEnum):
    """What is guessed, or asked for."""

    PASSWORD = "password"
    CODE = "code"
    MAIL = "mail"
    """Not guessed: so that nobody's mailbox is filled."""


@dataclass(frozen=True)
class Limit:
    """How many guesses may follow each other at once, and what has to pass then."""

    free: int
    wait: timedelta
    longest: timedelta


LIMITS = {
    Guess.PASSWORD: Limit(10, timedelta(seconds=30), timedelta(minutes=15)),
    Guess.CODE: Limit(5, timedelta(seconds=30), timedelta(minutes=15)),
    Guess.MAIL: Limit(5, timedelta(minutes=5), timedelta(hours=1)),
}


async def permitted(services: Services, kind: Guess, who: str, connection: Any = None) -> bool:
    """Count one guess; False if none may be made yet.

    Parameters
    ----------
    who
        Pseudonym of the account or of the e-mail address.
    connection
        The transaction to count in; on its own, if left out.
    """
    now, limit = services.clock(), LIMITS[kind]
    return await repository.count_guess(
        connection or services.pool,
        kind,
        who,
        now,
        stale=now - FORGOTTEN_AFTER,
        free=limit.free,
        wait=limit.wait,
        longest=limit.longest,
    )


async def count(services: Services, kind: Guess, who: str) -> None:
    """Count one guess.

    Raises
    ------
    TooManyError
        If none may be made yet; it says when.
    """
    if await permitted(services, kind, who):
        return
    free_at = await repository.free_at(services.pool, kind, who)
    wait = (free_at - services.clock()).total_seconds() if free_at else 0
    raise TooManyError("too many wrong guesses; wait a little", max(1, math.ceil(wait)))


async def forget(connection: Connection, kind: Guess, who: str) -> None:
    """Begin counting anew, since the right answer was given."""
    await repository.forget_guesses(connection, kind, who)
