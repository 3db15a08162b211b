"""The signature of the dispute webhook: ``t=<unix seconds>,v1=<hex HMAC-SHA256 of t.body>``."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta

from storefront_api.platform.errors import UnauthenticatedError

TOLERANCE = timedelta(minutes=5)
_FORM = re.compile(r"t=(\d{1,10}),v1=([0-9a-f]{64})")
_FIELD = "header.X-Signature"


def sign(secret: str, body: bytes, at: datetime) -> str:
    """Return the header's value for a body."""
    stamp = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


def verify(secret: str, header: str, body: bytes, now: datetime) -> None:
    """Check a header against a body.

    Raises
    ------
    UnauthenticatedError
        If there is no secret, or the signature is wrong, malformed or too old.
    """
    match = _FORM.fullmatch(header)
    if not secret or match is None:
        raise UnauthenticatedError("must be t=<unix seconds>,v1=<hex>", field=_FIELD)
    stated = datetime.fromtimestamp(int(match[1]), tz=now.tzinfo)
    if abs(now - stated) > TOLERANCE:
        raise UnauthenticatedError(f"is older than {TOLERANCE}", field=_FIELD)
    if not hmac.compare_digest(sign(secret, body, stated), header):
        raise UnauthenticatedError("does not match the body", field=_FIELD)
