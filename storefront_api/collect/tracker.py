"""The tracker's script, as it is served to pages."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

PATH = Path(__file__).with_suffix(".js")
CACHED = "public, max-age=3600"
"""A page has a new script within the hour; until then no request is made for it."""


class Script(NamedTuple):
    """The script and the name of this version of it."""

    text: bytes
    etag: str


@cache
def script() -> Script:
    """Return the script; it is read once."""
    text = PATH.read_bytes()
    return Script(text, f'"{sha256(text).hexdigest()[:16]}"')
