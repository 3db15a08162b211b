"""Names and ids that are the same on every run."""

from __future__ import annotations

import hashlib

KEY = b"ecomarket demo world, version 1"


def digest(kind: str, value: object) -> str:
    """Return 32 hexadecimal digits that stand for a value of a kind."""
    text = f"{kind}:{value}".encode()
    return hashlib.blake2b(text, digest_size=16, key=KEY).hexdigest()


def pseudonym(kind: str, value: object) -> str:
    """Return a pseudonym, for example ``s-3f…`` of a household."""
    return f"{kind[0]}-{digest(kind, value)[:20]}"


def event_id(at_ms: int, value: object) -> str:
    """Return a UUIDv7 of an instant whose other bits depend on a value alone.

    Parameters
    ----------
    at_ms
        Epoch milliseconds.
    """
    bits = digest("event", value)
    stamp = f"{at_ms:012x}"
    variant = "89ab"[int(bits[3], 16) % 4]
    return f"{stamp[:8]}-{stamp[8:]}-7{bits[:3]}-{variant}{bits[4:7]}-{bits[7:19]}"
