"""Sessions: opened by a login, kept alive by refresh tokens that work once, and ended.

PostgreSQL keeps them, so that what has ended stays ended; Valkey knows which are live now. Each
change is made in both while the account's or the session's row is locked, in Valkey last: if one
of them is away nothing has changed, or a session has ended too early, never too late.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer

from storefront_api.events.identity import (
    EndedSessionsV1,
    LoggedInV1,
    LoginV1,
    SecondFactor,
    SessionEnd,
    SessionRevokedV1,
)
from storefront_api.identity import repository
from storefront_api.identity import session_repository as kept
from storefront_api.identity.errors import RefreshRefusedError
from storefront_api.identity.schemas import SessionItem, SessionsOut, TokensOut
from storefront_api.identity.telling import pseudonym, tell
from storefront_api.notifications import service as notifications
from storefront_api.platform.auth import Access
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import NotFoundError
from storefront_api.platform.outbox import new_id
from storefront_api.platform.policy import Role
from storefront_api.platform.sessions import Standing
from storefront_api.platform.vault import new_token
from storefront_api.services import Services

MOST = 20
"""Live sessions of an account; a further one ends the one that was not used for longest."""
MAX_AGENT = 200
_VERSION = re.compile(r"\d[\d._]*")


def _signer(services: Services) -> URLSafeSerializer:
    key = services.settings.vault_key.get_secret_value()
    return URLSafeSerializer(key, salt="refresh")


def _tokens(services: Services, account_id: UUID, session_id: UUID) -> TokensOut:
    lifetime = services.settings.access_seconds
    until = int(services.clock().timestamp()) + lifetime
    access = Access(account_id=account_id, session_id=session_id, until=until)
    return TokensOut(
        access_token=services.gate.issue_access(access),
        expires_in_s=lifetime,
        # Signed, so that an old one can be told from one that was made up.
        refresh_token=str(_signer(services).dumps([str(session_id), new_token()])),
        session_id=session_id,
    )


async def _make_live(services: Services, account: Any, session_id: UUID) -> None:
    standing = Standing(Role(account["role"]), account["vendor_id"])
    await services.sessions.open(account["account_id"], session_id, standing)


async def open_session(
    services: Services,
    connection: Connection,
    account: Any,
    agent: str,
    factor: SecondFactor,
    trace_id: str,
) -> TokensOut:
    """Open a session of an account whose row is locked."""
    account_id, now = account["account_id"], services.clock()
    tokens = _tokens(services, account_id, new_id())
    await kept.insert(
        connection,
        tokens.session_id,
        account_id,
        services.vault.digest(tokens.refresh_token),
        agent[:MAX_AGENT],
        now,
        now + timedelta(days=services.settings.session_days),
    )
    login = LoginV1(session_id=tokens.session_id, second_factor=factor)
    subject = pseudonym(services, account_id)
    await tell(services, connection, subject, trace_id, (LoggedInV1, login))
    await _mail_if_new(services, connection, account, agent)
    oldest = await kept.end_oldest(connection, account_id, now, MOST)
    await _tell_ended(services, connection, account_id, oldest, SessionEnd.TOO_MANY, trace_id)
    await services.sessions.close(account_id, oldest)
    await _make_live(services, account, tokens.session_id)
    return tokens


async def _mail_if_new(
    services: Services, connection: Connection, account: Any, agent: str
) -> None:
    """Tell the holder of an account that a kind of client uses it that never did before.

    Whoever registers is not told of the first. A client's versions are left out, so that one that
    was brought up to date is no other.
    """
    now = services.clock()
    shown = "".join(each for each in agent[:MAX_AGENT] if each.isprintable()).strip()
    kind = _VERSION.sub("", shown)
    if not await kept.see_agent(connection, account["account_id"], kind, now):
        return
    await notifications.request(
        connection,
        cause=f"new_sign_in/{new_id()}",
        recipient=account["email"],
        template="new_sign_in",
        parameters={"at": now.isoformat(), **({"device": shown} if shown else {})},
        now=now,
    )


async def refresh(services: Services, refresh_token: str, trace_id: str) -> TokensOut:
    """Return new tokens for a session's latest refresh token; an older one ends the session.

    Raises
    ------
    RefreshRefusedError
        If the token is not ours, is not the latest, or the session is over.
    """
    try:
        session_id = UUID(_signer(services).loads(refresh_token)[0])
    except (BadSignature, ValueError):
        raise RefreshRefusedError from None
    account_id = await kept.account_of(services.pool, session_id)
    if account_id is None:
        raise RefreshRefusedError
    tokens = _tokens(services, account_id, session_id)
    now = services.clock()
    async with transaction(services.pool) as connection:
        account = await repository.locked(connection, account_id, alone=False)
        rotated = account is not None and await kept.rotate(
            connection,
            session_id,
            services.vault.digest(refresh_token),
            services.vault.digest(tokens.refresh_token),
            now,
            now + timedelta(days=services.settings.session_days),
        )
        if rotated:
            await _make_live(services, account, session_id)
        else:
            await _end(
                services,
                connection,
                account_id,
                await kept.end(connection, account_id, [session_id], now),
                SessionEnd.REFRESH_REUSED,
                trace_id,
            )
    if not rotated:
        raise RefreshRefusedError
    return tokens


async def listed(services: Services, account_id: UUID, current: UUID) -> SessionsOut:
    """Return the live sessions of an account."""
    rows = await kept.live(services.pool, account_id, services.clock())
    return SessionsOut(
        sessions=[SessionItem(**dict(row), current=row["session_id"] == current) for row in rows]
    )


async def end(
    services: Services, account_id: UUID, session_id: UUID, reason: SessionEnd, trace_id: str
) -> None:
    """End one session of an account.

    Raises
    ------
    NotFoundError
        If the account has no such live session.
    """
    async with transaction(services.pool) as connection:
        ended = await kept.end(connection, account_id, [session_id], services.clock())
        if not ended:
            raise NotFoundError(f"there is no session {session_id}", field="path.session_id")
        await _end(services, connection, account_id, ended, reason, trace_id)


async def end_everywhere(services: Services, account_id: UUID, trace_id: str) -> None:
    """End every session of an account, those included that are just being opened."""
    async with transaction(services.pool) as connection:
        await repository.locked(connection, account_id, alone=True)
        await end_all(services, connection, account_id, SessionEnd.EVERYWHERE, trace_id)


async def end_all(
    services: Services,
    connection: Connection,
    account_id: UUID,
    reason: SessionEnd,
    trace_id: str,
    but: UUID | None = None,
) -> None:
    """End all sessions of an account whose row is locked alone, but one if that is named."""
    ended = await kept.end_others(connection, account_id, but, services.clock())
    await _tell_ended(services, connection, account_id, ended, reason, trace_id)
    if but is None:
        # Whatever Valkey knows of the account, even of sessions that are long over.
        await services.sessions.close_all(account_id)
    else:
        await services.sessions.close(account_id, ended)


async def _end(
    services: Services,
    connection: Connection,
    account_id: UUID,
    ended: list[UUID],
    reason: SessionEnd,
    trace_id: str,
) -> None:
    await _tell_ended(services, connection, account_id, ended, reason, trace_id)
    await services.sessions.close(account_id, ended)


async def _tell_ended(
    services: Services,
    connection: Connection,
    account_id: UUID,
    ended: list[UUID],
    reason: SessionEnd,
    trace_id: str,
) -> None:
    if ended:
        data = EndedSessionsV1(session_ids=ended, reason=reason)
        subject = pseudonym(services, account_id)
        await tell(services, connection, subject, trace_id, (SessionRevokedV1, data))
