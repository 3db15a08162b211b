"""Sessions of accounts over HTTP."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header

from storefront_api.events.identity import SessionEnd
from storefront_api.identity import login, sessions
from storefront_api.identity.credentials import signed_in
from storefront_api.identity.login import Client
from storefront_api.identity.schemas import (
    LoginIn,
    LoginOut,
    RefreshIn,
    SecondStepIn,
    SessionsOut,
    TokensOut,
)
from storefront_api.platform.auth import Account, public
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.limits import visitors_limited
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter()
Agent = Annotated[str, Header(alias="User-Agent", max_length=1000)]


@router.post(
    "/login",
    dependencies=[Depends(public), visitors_limited("signing_in")],
    responses=problems(401, 403, 409, 429, *BODY, 503),
)
async def log_in(
    services: Injected, wanted: LoginIn, trace_id: TraceId, user_agent: Agent = ""
) -> LoginOut:
    """Log in; the answer has a session, or asks for the second factor."""
    client = Client(user_agent, wanted.guest_token, trace_id)
    password = wanted.password.get_secret_value()
    return await login.log_in(services, wanted.email, password, client)


@router.post(
    "/login/second-factor",
    dependencies=[Depends(public), visitors_limited("signing_in")],
    responses=problems(401, 409, 429, *BODY, 503),
)
async def show_factor(
    services: Injected, wanted: SecondStepIn, trace_id: TraceId, user_agent: Agent = ""
) -> LoginOut:
    """Finish a login by a code of the authenticator, or by a recovery code."""
    client = Client(user_agent, wanted.guest_token, trace_id)
    challenge, code = wanted.challenge.get_secret_value(), wanted.code.get_secret_value()
    return await login.show_factor(services, challenge, code, client)


@router.post(
    "/sessions/refresh",
    dependencies=[Depends(public), visitors_limited("sessions")],
    responses=problems(401, *BODY, 503),
)
async def refresh(services: Injected, wanted: RefreshIn, trace_id: TraceId) -> TokensOut:
    """Get new tokens for a refresh token; one that comes twice ends its session."""
    return await sessions.refresh(services, wanted.refresh_token.get_secret_value(), trace_id)


@router.post("/logout", status_code=204, responses=problems(401, 403, 404, 503))
async def log_out(services: Injected, caller: Account, trace_id: TraceId) -> None:
    """End the session in which the request is made."""
    account_id, session_id = signed_in(caller)
    await sessions.end(services, account_id, session_id, SessionEnd.LOGGED_OUT, trace_id)


@router.get("/account/sessions", responses=problems(401, 403, 503))
async def list_sessions(services: Injected, caller: Account) -> SessionsOut:
    """List the live sessions of the account."""
    account_id, session_id = signed_in(caller)
    return await sessions.listed(services, account_id, session_id)


@router.delete("/account/sessions", status_code=204, responses=problems(401, 403, 503))
async def log_out_everywhere(services: Injected, caller: Account, trace_id: TraceId) -> None:
    """End every session of the account, this one included."""
    account_id, _ = signed_in(caller)
    await sessions.end_everywhere(services, account_id, trace_id)


@router.delete(
    "/account/sessions/{session_id}",
    status_code=204,
    responses=problems(401, 403, 404, 422, 503),
)
async def revoke(services: Injected, caller: Account, session_id: UUID, trace_id: TraceId) -> None:
    """End one session of the account."""
    account_id, _ = signed_in(caller)
    await sessions.end(services, account_id, session_id, SessionEnd.REVOKED, trace_id)
