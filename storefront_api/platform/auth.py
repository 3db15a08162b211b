"""Who is calling. Every route names what it demands; a route that names nothing is refused.

The guards are coroutines, although none waits: a plain function would cost a thread's switch.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from itsdangerous import BadData, URLSafeTimedSerializer

from storefront_api.platform.errors import ForbiddenError, UnauthenticatedError

TOKEN_AGE_S = 400 * 24 * 3600
"""How long a shopper's token holds."""
PARTNER = "partner"
_bearer = HTTPBearer(auto_error=False, description="A partner's token or a shopper's.")


@dataclass(frozen=True)
class Caller:
    """Who makes a request.

    Parameters
    ----------
    name
        `partner`, or the shopper's pseudonym; owner of idempotency keys.
    subject
        The shopper's pseudonym; empty for a partner.
    """

    name: str
    subject: str

    @property
    def is_partner(self) -> bool:
        """Whether it is a trusted partner."""
        return self.name == PARTNER


class Gate:
    """Issues and checks credentials.

    Parameters
    ----------
    partner_token
        The partners' token; empty admits none.
    key
        Key of pseudonyms and of shoppers' tokens.
    """

    def __init__(self, partner_token: str, key: str) -> None:
        self._partner_token = partner_token.encode()
        self._key = key.encode()
        self._tokens = URLSafeTimedSerializer(key, salt="shopper")

    def pseudonym(self, identity: str) -> str:
        """Return the keyed hash that stands for somebody, never to be turned back."""
        digest = hmac.new(self._key, identity.encode(), hashlib.sha256).hexdigest()
        return f"p-{digest[:24]}"

    def issue(self, anonymous_id: str) -> str:
        """Return a signed token for a shopper."""
        return str(self._tokens.dumps(anonymous_id))

    def caller(self, token: str) -> Caller:
        """Return who holds a token.

        Raises
        ------
        UnauthenticatedError
            If it is neither the partners' nor one that was issued.
        """
        if self._partner_token and hmac.compare_digest(token.encode(), self._partner_token):
            return Caller(PARTNER, "")
        try:
            anonymous_id = str(self._tokens.loads(token, max_age=TOKEN_AGE_S))
        except BadData:
            raise UnauthenticatedError(
                "the token is unknown or has expired", field="header.Authorization"
            ) from None
        subject = self.pseudonym(anonymous_id)
        return Caller(subject, subject)


async def public() -> None:
    """Mark a route as open to everybody."""


async def known(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """Demand a shopper or a partner."""
    if credentials is None:
        raise UnauthenticatedError(
            "a bearer token is needed; POST /sessions issues one", field="header.Authorization"
        )
    gate: Gate = request.app.state.services.gate
    return gate.caller(credentials.credentials)


async def partner(caller: Annotated[Caller, Depends(known)]) -> Caller:
    """Demand a partner."""
    if not caller.is_partner:
        raise ForbiddenError("only a partner may do this")
    return caller


async def shopper(caller: Annotated[Caller, Depends(known)]) -> Caller:
    """Demand a shopper, who has a cart and pays; a partner acts for many."""
    if caller.is_partner:
        raise ForbiddenError("only a shopper may do this")
    return caller


GUARDS = (public, known, partner, shopper)
Known = Annotated[Caller, Depends(known)]
Partner = Annotated[Caller, Depends(partner)]
Shopper = Annotated[Caller, Depends(shopper)]
