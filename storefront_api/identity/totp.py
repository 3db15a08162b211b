"""Time-based one-time passwords (RFC 6238): which time step a code is of."""

from __future__ import annotations

import hmac
from datetime import datetime

import pyotp

PERIOD_S = 30
DIGITS = 6
DRIFT_STEPS = 1
"""Steps that the other clock may be off, either way (RFC 6238, 5.2 recommends at most one)."""
ISSUER = "EcoMarket"


def new_secret() -> str:
    """Return 160 random bits, in base32."""
    return pyotp.random_base32()


def setup_uri(secret: str, email: str) -> str:
    """Return the URI that an authenticator takes, as a QR code for example."""
    return pyotp.TOTP(secret, digits=DIGITS, interval=PERIOD_S).provisioning_uri(
        name=email, issuer_name=ISSUER
    )


def step_at(now: datetime) -> int:
    """Return the number of an instant's time step."""
    return int(now.timestamp()) // PERIOD_S


def code_of(secret: str, step: int) -> str:
    """Return the code of a time step."""
    return pyotp.HOTP(secret, digits=DIGITS).at(step)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step that a code is of; None if it is of none that may be used now."""
    present = step_at(now)
    matching = [
        step
        for step in range(present - DRIFT_STEPS, present + DRIFT_STEPS + 1)
        if hmac.compare_digest(code_of(secret, step).encode(), code.encode())
    ]
    return matching[0] if matching else None
