"""Registering, and showing that the e-mail address is one's own."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from storefront_api.events.identity import EmailVerifiedV1, UserRegisteredV1
from storefront_api.identity import guesses, repository
from storefront_api.identity.errors import (
    AccountChangedError,
    TokenGoneError,
    WrongCredentialsError,
)
from storefront_api.identity.guesses import Guess
from storefront_api.identity.telling import NOTHING, pseudonym, pseudonym_of_email, tell
from storefront_api.notifications import service as notifications
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import InvalidError
from storefront_api.platform.outbox import new_id
from storefront_api.platform.vault import new_token
from storefront_api.services import Services

LIFETIMES = {"verify": timedelta(days=2), "reset": timedelta(hours=1)}
"""How long a mailed token may be used, by its purpose."""
TEMPLATES = {"verify": "verify_email", "reset": "reset_password"}


def check_new_password(email: str, password: str, field: str) -> None:
    """Refuse a password that everybody would try first.

    Raises
    ------
    InvalidError
        If it is the e-mail address or one character over and over.
    """
    if email and password.casefold() in {email, email.partition("@")[0]}:
        raise InvalidError("must not be the e-mail address", field=field)
    if len(set(password)) < 3:
        raise InvalidError("must have at least three different characters", field=field)


async def mail_token(
    services: Services, connection: Connection, account_id: UUID, email: str, purpose: str
) -> None:
    """Mail a token that can be used once; the store keeps its hash."""
    token, now = new_token(), services.clock()
    expires_at = now + LIFETIMES[purpose]
    digest = services.vault.digest(token)
    await repository.add_token(connection, digest, account_id, purpose, expires_at)
    await notifications.request(
        connection,
        cause=f"{TEMPLATES[purpose]}/{new_id()}",
        recipient=email,
        template=TEMPLATES[purpose],
        parameters={"token": token, "expires_at": expires_at.isoformat()},
        now=now,
    )


async def register(services: Services, email: str, password: str, trace_id: str) -> None:
    """Open an account that has to be verified, or tell its holder that there is one.

    The password of an account that was never verified is replaced: whoever registered it before
    did not show that the address is theirs, and what was mailed for them is void.

    Raises
    ------
    InvalidError
        If the password is one that everybody would try.
    """
    check_new_password(email, password, "body.password")
    password_hash = await services.passwords.hash(password)
    account_id, now = new_id(), services.clock()
    async with transaction(services.pool) as connection:
        may_mail = await guesses.permitted(
            services, Guess.MAIL, pseudonym_of_email(services, email), connection
        )
        if await repository.insert(connection, account_id, email, password_hash, now):
            subject = pseudonym(services, account_id)
            await tell(services, connection, subject, trace_id, (UserRegisteredV1, NOTHING))
            await mail_token(services, connection, account_id, email, "verify")
            return
        found = await repository.by_email(connection, email)
        account = found and await repository.locked(connection, found["account_id"], alone=True)
        if account is None or not may_mail:
            return
        if account["verified_at"] is None:
            await repository.set_password(connection, account["account_id"], password_hash)
            await mail_token(services, connection, account["account_id"], email, "verify")
        else:
            await _mail_that_there_is_one(connection, email, now)


async def _mail_that_there_is_one(connection: Connection, email: str, now: datetime) -> None:
    await notifications.request(
        connection,
        cause=f"account_exists/{new_id()}",
        recipient=email,
        template="account_exists",
        parameters={"at": now.isoformat()},
        now=now,
    )


async def mail_again(services: Services, email: str, purpose: str) -> None:
    """Mail a new token if there is an account for it; whether there is one is not told.

    Parameters
    ----------
    purpose
        `verify`, for accounts that are not verified yet, or `reset`.
    """
    async with transaction(services.pool) as connection:
        who = pseudonym_of_email(services, email)
        may_mail = await guesses.permitted(services, Guess.MAIL, who, connection)
        account = await repository.by_email(connection, email)
        if account is None or not may_mail:
            return
        if purpose == "reset" or account["verified_at"] is None:
            await mail_token(services, connection, account["account_id"], email, purpose)


async def verify(services: Services, token: str, password: str, trace_id: str) -> None:
    """Mark an account's e-mail address as its holder's, once.

    The password is asked for as well: the token alone shows who reads the mail, not who chose the
    password, and that may have been somebody who registered another's address.

    Raises
    ------
    TokenGoneError
        If the token is unknown, was used, or is too old.
    WrongCredentialsError
        If the password is not the one that was chosen.
    TooManyError
        If too many passwords were tried.
    """
    digest = services.vault.digest(token)
    account_id = await repository.token_account(services.pool, digest, "verify", services.clock())
    before = await repository.by_id(services.pool, account_id) if account_id else None
    if account_id is None or before is None:
        raise TokenGoneError
    who = pseudonym_of_email(services, before["email"])
    await guesses.count(services, Guess.PASSWORD, who)
    if not (await services.passwords.check(password, before["password_hash"])).right:
        raise WrongCredentialsError
    now = services.clock()
    async with transaction(services.pool) as connection:
        account = await repository.locked(connection, account_id, alone=True)
        if not await repository.take_token(connection, digest, "verify", now):
            raise TokenGoneError
        if account is None or account["epoch"] != before["epoch"]:
            raise AccountChangedError
        await guesses.forget(connection, Guess.PASSWORD, who)
        await repository.drop_tokens(connection, account_id)
        if await repository.verify(connection, account_id, now):
            subject = pseudonym(services, account_id)
            await tell(services, connection, subject, trace_id, (EmailVerifiedV1, NOTHING))
