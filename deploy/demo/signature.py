"""The payment provider's signature: ``t=<unix seconds>,v1=<hex HMAC-SHA256 of t.body>``."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime


def sign(secret: str, body: bytes, at: datetime) -> str:
    """Return the signature header of a body."""
    stamp = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"
