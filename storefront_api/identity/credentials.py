"""Changing a password, knowing the old one or reading the account's mail."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from storefront_api.events.identity import (
    EmailVerifiedV1,
    PasswordChangedV1,
    ReplacedPasswordV1,
    SessionEnd,
)
from storefront_api.identity import guesses, repository, sessions
from storefront_api.identity.errors import (
    AccountChangedError,
    TokenGoneError,
    WrongPasswordError,
)
from storefront_api.identity.guesses import Guess
from storefront_api.identity.registration import check_new_password
from storefront_api.identity.telling import NOTHING, pseudonym, pseudonym_of_email, tell
from storefront_api.notifications import service as notifications
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import UnauthenticatedError
from storefront_api.platform.outbox import new_id
from storefront_api.services import Services


def signed_in(caller: Caller) -> tuple[UUID, UUID]:
    """Return the account and the session of a caller who has them.

    Raises
    ------
    UnauthenticatedError
        If the caller is a guest or a partner.
    """
    if caller.account_id is None or caller.session_id is None:
        raise UnauthenticatedError("log in to an account first", field="header.Authorization")
    return caller.account_id, caller.session_id


async def proved(services: Services, caller: Caller, password: str) -> Any:
    """Return the caller's account, as it was when the password was found to be right.

    Raises
    ------
    WrongPasswordError
        If it is not the account's.
    TooManyError
        If too many were tried.
    """
    account_id, _ = signed_in(caller)
    account = await repository.by_id(services.pool, account_id)
    if account is None:
        raise AccountChangedError
    who = pseudonym_of_email(services, account["email"])
    await guesses.count(services, Guess.PASSWORD, who)
    if not (await services.passwords.check(password, account["password_hash"])).right:
        raise WrongPasswordError
    await guesses.forget(services.pool, Guess.PASSWORD, who)
    return account


async def change(
    services: Services, caller: Caller, password: str, new_password: str, trace_id: str
) -> None:
    """Replace the password of somebody who knows it; all other sessions end.

    Raises
    ------
    WrongPasswordError
        If it is not the account's.
    AccountChangedError
        If the password was changed meanwhile.
    """
    account_id, session_id = signed_in(caller)
    before = await proved(services, caller, password)
    check_new_password(before["email"], new_password, "body.new_password")
    password_hash = await services.passwords.hash(new_password)
    async with transaction(services.pool) as connection:
        account = await repository.locked(connection, account_id, alone=True)
        if account is None or account["epoch"] != before["epoch"]:
            raise AccountChangedError
        await _replace(services, connection, account, password_hash, "change", trace_id)
        await sessions.end_all(
            services, connection, account_id, SessionEnd.PASSWORD_CHANGED, trace_id, session_id
        )


async def reset(services: Services, token: str, new_password: str, trace_id: str) -> None:
    """Replace the password of somebody who reads the account's mail; all sessions end.

    A second factor is asked for at the next login all the same.

    Raises
    ------
    TokenGoneError
        If the token is unknown, was used, or is too old.
    """
    digest, now = services.vault.digest(token), services.clock()
    account_id = await repository.token_account(services.pool, digest, "reset", now)
    before = await repository.by_id(services.pool, account_id) if account_id else None
    if account_id is None or before is None:
        raise TokenGoneError
    check_new_password(before["email"], new_password, "body.new_password")
    password_hash = await services.passwords.hash(new_password)
    async with transaction(services.pool) as connection:
        account = await repository.locked(connection, account_id, alone=True)
        if account is None or not await repository.take_token(connection, digest, "reset", now):
            raise TokenGoneError
        await _replace(services, connection, account, password_hash, "reset", trace_id)
        if await repository.verify(connection, account_id, now):
            subject = pseudonym(services, account_id)
            await tell(services, connection, subject, trace_id, (EmailVerifiedV1, NOTHING))
        who = pseudonym_of_email(services, account["email"])
        await guesses.forget(connection, Guess.PASSWORD, who)
        await sessions.end_all(
            services, connection, account_id, SessionEnd.PASSWORD_CHANGED, trace_id
        )


async def _replace(
    services: Services,
    connection: Connection,
    account: Any,
    password_hash: str,
    how: str,
    trace_id: str,
) -> None:
    now = services.clock()
    await repository.set_password(connection, account["account_id"], password_hash)
    await notifications.request(
        connection,
        cause=f"password_changed/{new_id()}",
        recipient=account["email"],
        template="password_changed",
        parameters={"at": now.isoformat()},
        now=now,
    )
    data = ReplacedPasswordV1.model_validate({"by": how})
    subject = pseudonym(services, account["account_id"])
    await tell(services, connection, subject, trace_id, (PasswordChangedV1, data))
