"""Passwords are hashed with Argon2id (RFC 9106), a few at a time and beside the event loop."""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE = 2
"""Hashes that a process computes at a time: each takes memory and a core."""


@dataclass(frozen=True)
class Checked:
    """What came of a password.

    Parameters
    ----------
    right
        Whether it is the one.
    outgrown
        Whether it is right, and its hash was made with other parameters than today's.
    """

    right: bool
    outgrown: bool


class Passwords:
    """Makes and checks hashes.

    Parameters
    ----------
    memory_kib
        Memory that one hash takes.
    passes
        How often it goes over that memory.
    """

    def __init__(self, memory_kib: int, passes: int) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib)
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._nobodys = self._hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """Return the hash to store, with its parameters and salt."""
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, _composed(password))

    async def check(self, password: str, stored: str | None) -> Checked:
        """Compare a password with a stored hash.

        Parameters
        ----------
        stored
            The hash; None if there is no such account, which takes the same work to refuse.
        """
        async with self._turns:
            right = await asyncio.to_thread(
                self._same, stored or self._nobodys, _composed(password)
            )
        right = right and stored is not None
        return Checked(right, right and self._hasher.check_needs_rehash(str(stored)))

    def _same(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def _composed(password: str) -> str:
    """Return the one form of a text that keyboards compose differently (NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", password)
