"""Who is calling. Every route names the permission it demands, or that it is public.

The guards are coroutines, although none waits: a plain function would cost a thread's switch.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from itsdangerous import BadData, URLSafeTimedSerializer
from pydantic import BaseModel, ConfigDict, ValidationError

from storefront_api.platform.errors import ForbiddenError, UnauthenticatedError
from storefront_api.platform.policy import POLICY, Permission, Role

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
        `partner`, or the caller's pseudonym; owner of carts, orders and idempotency keys.
    subject
        The caller's pseudonym; empty for a partner.
    role
        What the caller is.
    account_id
        The account that is signed in; None for guests and partners.
    vendor_id
        The vendor that a caller in the role of one works for; empty for everybody else.
    """

    name: str
    subject: str
    role: Role
    account_id: UUID | None = None
    vendor_id: str = ""

    @property
    def is_partner(self) -> bool:
        """Whether it is a trusted program, which may state what others may not."""
        return self.role is Role.PARTNER

    def may(self, permission: Permission) -> bool:
        """Whether the policy gives the caller a permission."""
        return self.role in POLICY[permission]


class Identity(BaseModel):
    """What a token says about its holder.

    Parameters
    ----------
    person
        Whom the pseudonym stands for: a random id for a guest, the account's id for others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: str
    role: Role = Role.GUEST
    account_id: UUID | None = None
    vendor_id: str = ""


class Gate:
    """Issues and checks credentials.

    Parameters
    ----------
    partner_token
        The partners' token; empty admits none.
    key
        Key of pseudonyms and of signed tokens.
    """

    def __init__(self, partner_token: str, key: str) -> None:
        self._partner_token = partner_token.encode()
        self._key = key.encode()
        self._tokens = URLSafeTimedSerializer(key, salt="shopper")

    def pseudonym(self, identity: str) -> str:
        """Return the keyed hash that stands for somebody, never to be turned back."""
        digest = hmac.new(self._key, identity.encode(), hashlib.sha256).hexdigest()
        return f"p-{digest[:24]}"

    def issue(self, identity: Identity) -> str:
        """Return a signed token."""
        return str(self._tokens.dumps(identity.model_dump(mode="json", exclude_defaults=True)))

    def caller(self, token: str) -> Caller:
        """Return who holds a token.

        Raises
        ------
        UnauthenticatedError
            If it is neither the partners' nor one that was issued.
        """
        if self._partner_token and hmac.compare_digest(token.encode(), self._partner_token):
            return Caller(PARTNER, "", Role.PARTNER)
        try:
            stated = self._tokens.loads(token, max_age=TOKEN_AGE_S)
            identity = Identity.model_validate(stated)
        except (BadData, ValidationError):
            raise UnauthenticatedError(
                "the token is unknown or has expired", field="header.Authorization"
            ) from None
        subject = self.pseudonym(identity.person)
        return Caller(subject, subject, identity.role, identity.account_id, identity.vendor_id)


async def public() -> None:
    """Mark a route as open to everybody."""


async def known(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """Tell who calls.

    Raises
    ------
    UnauthenticatedError
        If the request has no credential, or one that is not ours.
    """
    if credentials is None:
        raise UnauthenticatedError(
            "a bearer token is needed; POST /sessions issues one", field="header.Authorization"
        )
    gate: Gate = request.app.state.services.gate
    return gate.caller(credentials.credentials)


@dataclass(frozen=True)
class Allow:
    """A guard: demands that the policy gives the caller a permission."""

    permission: Permission

    async def __call__(self, caller: Annotated[Caller, Depends(known)]) -> Caller:
        """Return the caller.

        Raises
        ------
        ForbiddenError
            If the caller's role does not have the permission.
        """
        if not caller.may(self.permission):
            raise ForbiddenError(f"a {caller.role} may not do this")
        return caller


Known = Annotated[Caller, Depends(Allow(Permission.CALL))]
Shopper = Annotated[Caller, Depends(Allow(Permission.SHOP))]
Placing = Annotated[Caller, Depends(Allow(Permission.PLACE_ORDERS))]
CatalogManager = Annotated[Caller, Depends(Allow(Permission.MANAGE_CATALOG))]
StockManager = Annotated[Caller, Depends(Allow(Permission.MANAGE_STOCK))]
PromotionManager = Annotated[Caller, Depends(Allow(Permission.MANAGE_PROMOTIONS))]
Refunding = Annotated[Caller, Depends(Allow(Permission.REFUND))]
Applicant = Annotated[Caller, Depends(Allow(Permission.APPLY_TO_SELL))]
Seller = Annotated[Caller, Depends(Allow(Permission.SELL))]
VendorReviewer = Annotated[Caller, Depends(Allow(Permission.REVIEW_VENDORS))]
CommissionManager = Annotated[Caller, Depends(Allow(Permission.MANAGE_COMMISSION))]
VendorPayer = Annotated[Caller, Depends(Allow(Permission.PAY_VENDORS))]
