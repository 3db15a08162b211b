"""Random numbers that depend on what they are for, and on nothing that was drawn before.

Every draw comes from a counter-based generator (Philox: Salmon, Moraes, Dror, Shaw, SC 2011) whose
key is a hash of the seed and of a path of names, such as a visit's id and the number of a page. So
parts of the world do not shift each other's numbers, and the order in which things happen does not
matter.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_VERSION = b"ecomarket shoppers 1"


def key_of(seed: int, *path: str | int) -> bytes:
    """Return 16 bytes that stand for a seed and a path."""
    text = "\x1f".join([str(seed), *map(str, path)])
    return hashlib.blake2b(text.encode(), digest_size=16, key=_VERSION).digest()


def stream(seed: int, *path: str | int) -> np.random.Generator:
    """Return the generator of a path."""
    return np.random.Generator(np.random.Philox(key=int.from_bytes(key_of(seed, *path), "little")))


def name_of(seed: int, kind: str, *path: str | int) -> str:
    """Return an opaque name such as ``ses-3f…``, the same on every run."""
    return f"{kind}-{key_of(seed, 'name', kind, *path).hex()[:20]}"


def event_id(at_ms: int, seed: int, *path: str | int) -> str:
    """Return a UUIDv7 of an instant (epoch milliseconds) whose other bits the path decides."""
    bits = key_of(seed, "event", *path).hex()
    stamp = f"{at_ms:012x}"
    variant = "89ab"[int(bits[3], 16) % 4]
    return f"{stamp[:8]}-{stamp[8:]}-7{bits[:3]}-{variant}{bits[4:7]}-{bits[7:19]}"
