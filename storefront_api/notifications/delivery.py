"""The port to whoever carries a message on, and the ways in which that can fail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

HandOver = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Letter:
    """A message as it goes out; the same one has the same bytes each time.

    Parameters
    ----------
    name
        What it is called among files: its notification's id.
    sender, recipient
        Addresses of the envelope.
    content
        Header and body by RFC 5322, with CRLF.
    """

    name: str
    sender: str
    recipient: str
    content: bytes


class DeliveryError(Exception):
    """A letter was not delivered, as far as is known.

    Parameters
    ----------
    status
        The mail server's reply code and enhanced status, for example `550 5.1.1`; never its text,
        which may quote the address.
    """

    def __init__(self, status: str = "") -> None:
        super().__init__(status)
        self.status = status


class RefusedError(DeliveryError):
    """Permanent: this letter will never be accepted."""

    @property
    def bad_address(self) -> bool:
        """Whether it is the address that is wrong (RFC 3463, X.1.x)."""
        return " 5.1." in self.status


class DeferredError(DeliveryError):
    """Transient: the same letter may be accepted later."""


class MailServerAwayError(DeliveryError):
    """Transient, and not about this letter: the server is away, or will not have us."""


class UnknownOutcomeError(DeliveryError):
    """The letter was handed over and nothing was answered: it may be delivered or not."""


class Carrier(Protocol):
    """Carries letters on."""

    async def deliver(self, letter: Letter, hand_over: HandOver) -> None:
        """Deliver a letter.

        Parameters
        ----------
        hand_over
            Awaited last thing before the letter may be accepted; if it raises, it is not.

        Raises
        ------
        DeliveryError
            One of its four kinds.
        """

    async def close(self) -> None:
        """Let go what is held open; the next letter opens it again."""
