"""Codes of gift cards: 80 random bits in Crockford's base 32, printed in four groups of four.

The alphabet and what it reads kindly are from https://www.crockford.com/base32.html.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Annotated

from pydantic import AfterValidator, Field

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 16
GROUP = 4
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})


def printed(letters: str) -> str:
    """Return a code in groups."""
    return "-".join(letters[n : n + GROUP] for n in range(0, LENGTH, GROUP))


def new_code() -> str:
    """Return a new code that nobody can guess."""
    return printed("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)))


def read(code: str) -> str:
    """Return a code as it is printed, however it was typed.

    Raises
    ------
    ValueError
        If it is no code.
    """
    letters = code.upper().translate(_READ_AS)
    if len(letters) != LENGTH or not set(letters) <= set(ALPHABET):
        raise ValueError("a code has 16 letters and digits, without I, L, O and U")
    return printed(letters)


def digest(key: str, code: str) -> bytes:
    """Return the keyed hash under which a code is kept."""
    return hmac.new(key.encode(), b"giftcard/" + code.encode(), hashlib.sha256).digest()


GiftCode = Annotated[
    str, Field(max_length=40, examples=["7K2M-9PQR-4TVW-X3YZ"]), AfterValidator(read)
]
"""A gift card's code as somebody typed it."""
