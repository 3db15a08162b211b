"""Who is calling. Every route names the permission it demands, or that it is public.

Guests and partners are known by their tokens alone. An account's token is a short-lived name of a
session, which is looked up in Valkey with every request: so ending it, and a change of the
account's role, hold at once. The guards are coroutines even where none waits: a plain function
would cost a thread's switch.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.types import Scope

from storefront_api.platform.clock import Clock, system_clock
from storefront_api.platform.errors import ForbiddenError, UnauthenticatedError
from storefront_api.platform.policy import POLICY, Permission, Role
from storefront_api.platform.sessions import Live, SessionsAwayError, Standing

TOKEN_AGE_S = 400 * 24 * 3600
"""How long a guest's token holds."""
_REMEMBERED_S = 60
_REMEMBERED = 4096
"""So many guests' tokens are not looked at again for so long: nothing but their age ends them."""
_ACCOUNTS = "a."
"""What the access tokens of accounts begin with."""
PARTNER = "partner"
_bearer = HTTPBearer(auto_error=False, description="A partner's, a guest's or an account's token.")


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
    session_id
        The session of the account through which the caller came; None for guests and partners.
    """

    name: str
    subject: str
    role: Role
    account_id: UUID | None = None
    vendor_id: str = ""
    session_id: UUID | None = None

    @property
    def is_partner(self) -> bool:
        """Whether it is a trusted program, which may state what others may not."""
        return self.role is Role.PARTNER

    def may(self, permission: Permission) -> bool:
        """Whether the policy gives the caller a permission."""
        return self.role in POLICY[permission]


_THE_PARTNER = Caller(PARTNER, "", Role.PARTNER)


class Identity(BaseModel):
    """What a guest's token says about its holder.

    Parameters
    ----------
    person
        Whom the pseudonym stands for: a random id.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: str


class Access(BaseModel):
    """What an account's access token says; what the account may do is looked up each time.

    Parameters
    ----------
    until
        Seconds since 1970 at which it expires.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    account_id: UUID
    session_id: UUID
    until: int


class Sessions(Protocol):
    """Knows which sessions are live, as `LiveSessions` does."""

    async def find(self, account_id: UUID, session_id: UUID, /) -> Live:
        """Tell whether a session is live, and its account's standing."""


StandingOf = Callable[[UUID], Awaitable[Standing | None]]
"""Asks PostgreSQL what an account may do; None if there is no such account."""


class Gate:
    """Issues and checks credentials.

    Parameters
    ----------
    partner_token
        The partners' token; empty admits none.
    key
        Key of pseudonyms and of signed tokens.
    clock
        By which access tokens expire.
    """

    def __init__(self, partner_token: str, key: str, clock: Clock = system_clock) -> None:
        self._partner_token = partner_token.encode()
        self._key = key.encode()
        self._guests = URLSafeTimedSerializer(key, salt="shopper")
        self._accesses = URLSafeSerializer(key, salt="access")
        self._clock = clock
        self._guest_of = lru_cache(_REMEMBERED)(self._read_guest)

    def pseudonym(self, identity: str) -> str:
        """Return the keyed hash that stands for somebody, never to be turned back."""
        digest = hmac.new(self._key, identity.encode(), hashlib.sha256).hexdigest()
        return f"p-{digest[:24]}"

    def issue(self, identity: Identity) -> str:
        """Return a signed token for a guest."""
        return str(self._guests.dumps(identity.model_dump(mode="json")))

    def issue_access(self, access: Access) -> str:
        """Return a signed access token for a session of an account."""
        return _ACCOUNTS + str(self._accesses.dumps(access.model_dump(mode="json")))

    def guest(self, token: str, field: str = "header.Authorization") -> Caller:
        """Return the guest who holds a token.

        Raises
        ------
        UnauthenticatedError
            If it is none that was issued to a guest.
        """
        try:
            return self._guest_of(token, time.monotonic() // _REMEMBERED_S)
        except (BadData, ValidationError):
            raise UnauthenticatedError("the token is unknown or has expired", field=field) from None

    def _read_guest(self, token: str, _: float) -> Caller:
        identity = Identity.model_validate(self._guests.loads(token, max_age=TOKEN_AGE_S))
        subject = self.pseudonym(identity.person)
        return Caller(subject, subject, Role.GUEST)

    async def caller(self, token: str, sessions: Sessions, standing_of: StandingOf) -> Caller:
        """Return who holds a token; only an account's takes a look at its session.

        Raises
        ------
        UnauthenticatedError
            If it is not one that was issued, or its time or its session is over.
        SessionsAwayError
            If it is an account's and nobody knows whether its session is live.
        """
        if self._partner_token and hmac.compare_digest(token.encode(), self._partner_token):
            return _THE_PARTNER
        if not token.startswith(_ACCOUNTS):
            return self.guest(token)
        access = self._access(token)
        found = await sessions.find(access.account_id, access.session_id)
        standing = found.standing
        if found.live and standing is None:
            standing = await standing_of(access.account_id)
        if not found.live or standing is None:
            raise UnauthenticatedError("the session has ended", field="header.Authorization")
        subject = self.pseudonym(str(access.account_id))
        return Caller(
            name=subject,
            subject=subject,
            role=standing.role,
            account_id=access.account_id,
            vendor_id=standing.vendor_id,
            session_id=access.session_id,
        )

    def _access(self, token: str) -> Access:
        try:
            access = Access.model_validate(self._accesses.loads(token.removeprefix(_ACCOUNTS)))
        except (BadData, ValidationError):
            access = None
        if access is None or access.until <= self._clock().timestamp():
            raise UnauthenticatedError(
                "the token is unknown or has expired", field="header.Authorization"
            )
        return access


async def public() -> None:
    """Mark a route as open to everybody."""


async def known(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """Tell who calls, as `caller_of` does."""
    return await caller_of(request.scope, credentials.credentials if credentials else "")


async def caller_of(scope: Scope, token: str) -> Caller:
    """Tell who calls.

    Raises
    ------
    UnauthenticatedError
        If the request has no credential, or one that is not ours.
    SessionsAwayError
        If it has an account's, and Valkey is away.
    """
    if not token:
        raise UnauthenticatedError(
            "a bearer token is needed; POST /sessions and POST /login issue one",
            field="header.Authorization",
        )
    services = scope["app"].state.services
    gate: Gate = services.gate
    caller = await gate.caller(token, services.sessions, services.standing_of)
    scope["state"]["role"] = caller.role.value
    return caller


def bearer_token(authorization: str | None) -> str:
    """Return the token of a header; empty if it has none, or another scheme."""
    scheme, token = get_authorization_scheme_param(authorization)
    return token if scheme.lower() == "bearer" else ""


async def personal(request: Request) -> None:
    """Mark a public route as one whose answer may depend on the credential."""
    request.state.headers.append((b"vary", b"Authorization"))


async def perhaps_known(request: Request) -> Caller | None:
    """Tell who calls a public route; None for whoever shows no credential.

    While Valkey is away an account is nobody here: what is public stays so.

    Raises
    ------
    UnauthenticatedError
        If the credential is not ours, or is over: its owner is to get another one, and not
        unnoticed what everybody gets.
    """
    token = bearer_token(request.headers.get("authorization"))
    if not token:
        return None
    services = request.app.state.services
    gate: Gate = services.gate
    try:
        caller = await gate.caller(token, services.sessions, services.standing_of)
    except SessionsAwayError:
        return None
    request.state.role = caller.role.value
    return caller


OPTIONAL_CREDENTIAL: dict[str, Any] = {"security": [{}, {_bearer.scheme_name: []}]}
"""The `openapi_extra` of a public route that takes a credential."""


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


Visitor = Annotated[Caller | None, Depends(perhaps_known)]
Known = Annotated[Caller, Depends(Allow(Permission.CALL))]
Shopper = Annotated[Caller, Depends(Allow(Permission.SHOP))]
Placing = Annotated[Caller, Depends(Allow(Permission.PLACE_ORDERS))]
CatalogManager = Annotated[Caller, Depends(Allow(Permission.MANAGE_CATALOG))]
OfferManager = Annotated[Caller, Depends(Allow(Permission.MANAGE_OFFERS))]
StockManager = Annotated[Caller, Depends(Allow(Permission.MANAGE_STOCK))]
PromotionManager = Annotated[Caller, Depends(Allow(Permission.MANAGE_PROMOTIONS))]
Refunding = Annotated[Caller, Depends(Allow(Permission.REFUND))]
Account = Annotated[Caller, Depends(Allow(Permission.OWN_ACCOUNT))]
RoleManager = Annotated[Caller, Depends(Allow(Permission.MANAGE_ROLES))]
Fulfilling = Annotated[Caller, Depends(Allow(Permission.FULFIL))]
SuppressionManager = Annotated[Caller, Depends(Allow(Permission.SUPPRESS_MESSAGES))]
Moderator = Annotated[Caller, Depends(Allow(Permission.MODERATE_REVIEWS))]
LedgerReader = Annotated[Caller, Depends(Allow(Permission.READ_LEDGER))]
GiftCardIssuer = Annotated[Caller, Depends(Allow(Permission.ISSUE_GIFT_CARDS))]
PriceManager = Annotated[Caller, Depends(Allow(Permission.MANAGE_PRICES))]
Collecting = Annotated[Caller, Depends(Allow(Permission.COLLECT_POINTS))]
BusinessBuyer = Annotated[Caller, Depends(Allow(Permission.BUY_FOR_COMPANIES))]
CompanyManager = Annotated[Caller, Depends(Allow(Permission.MANAGE_COMPANIES))]
Applicant = Annotated[Caller, Depends(Allow(Permission.APPLY_TO_SELL))]
Seller = Annotated[Caller, Depends(Allow(Permission.SELL))]
VendorReviewer = Annotated[Caller, Depends(Allow(Permission.REVIEW_VENDORS))]
CommissionManager = Annotated[Caller, Depends(Allow(Permission.MANAGE_COMMISSION))]
VendorPayer = Annotated[Caller, Depends(Allow(Permission.PAY_VENDORS))]
DataOwner = Annotated[Caller, Depends(Allow(Permission.OWN_DATA))]
Eraser = Annotated[Caller, Depends(Allow(Permission.ERASE_ANYBODY))]
