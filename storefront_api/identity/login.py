"""Logging in: a password, then a second factor where there is one, then a session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from storefront_api.carts import repository as carts
from storefront_api.events.identity import (
    FailedLoginV1,
    LoginFailedV1,
    LoginFailure,
    MfaChallengedV1,
    SecondFactor,
)
from storefront_api.identity import guesses, repository, second_factor
from storefront_api.identity import session_repository as kept
from storefront_api.identity.errors import (
    AccountChangedError,
    ChallengeGoneError,
    EmailUnverifiedError,
    WrongCodeError,
    WrongCredentialsError,
)
from storefront_api.identity.guesses import Guess
from storefront_api.identity.schemas import LoginOut
from storefront_api.identity.sessions import open_session
from storefront_api.identity.telling import NOTHING, pseudonym, pseudonym_of_email, tell
from storefront_api.platform.database import transaction
from storefront_api.platform.vault import new_token
from storefront_api.services import Services

CHALLENGE_LIFETIME = timedelta(minutes=5)
"""How long a login waits for its second factor."""


@dataclass(frozen=True)
class Client:
    """Who logs in, as far as HTTP is concerned with it.

    Parameters
    ----------
    agent
        What the client calls itself.
    guest_token
        Of the guest that the shopper was before; empty if there was none.
    """

    agent: str
    guest_token: str
    trace_id: str


async def log_in(services: Services, email: str, password: str, client: Client) -> LoginOut:
    """Open a session, or ask for the second factor.

    Raises
    ------
    WrongCredentialsError
        If e-mail and password do not belong together.
    EmailUnverifiedError
        If they do, and the address is not verified.
    TooManyError
        If too many passwords were tried.
    AccountChangedError
        If the account changed while the password was checked.
    """
    who = pseudonym_of_email(services, email)
    await guesses.count(services, Guess.PASSWORD, who)
    before = await repository.by_email(services.pool, email)
    stored: str | None = None if before is None else before["password_hash"]
    checked = await services.passwords.check(password, stored)
    if before is None or stored is None or not checked.right:
        reason = LoginFailure.WRONG_PASSWORD if before else LoginFailure.UNKNOWN_ACCOUNT
        await _tell_failure(services, before, reason, client.trace_id)
        raise WrongCredentialsError
    if before["verified_at"] is None:
        await guesses.forget(services.pool, Guess.PASSWORD, who)
        await _tell_failure(services, before, LoginFailure.EMAIL_UNVERIFIED, client.trace_id)
        raise EmailUnverifiedError
    if checked.outgrown:
        grown = await services.passwords.hash(password)
        await repository.rehash(services.pool, before["account_id"], stored, grown)
    merge_cart = await _has_a_cart(services, client.guest_token)
    async with transaction(services.pool) as connection:
        account = await repository.locked(connection, before["account_id"], alone=False)
        if account is None or account["epoch"] != before["epoch"]:
            raise AccountChangedError
        await guesses.forget(connection, Guess.PASSWORD, who)
        if account["second_factor"]:
            challenge = new_token()
            await kept.add_challenge(
                connection,
                services.vault.digest(challenge),
                account["account_id"],
                account["epoch"],
                services.clock() + CHALLENGE_LIFETIME,
            )
            subject = pseudonym(services, account["account_id"])
            await tell(services, connection, subject, client.trace_id, (MfaChallengedV1, NOTHING))
            return LoginOut(status="second_factor", challenge=challenge)
        tokens = await open_session(
            services, connection, account, client.agent, SecondFactor.NONE, client.trace_id
        )
    return LoginOut(status="signed_in", tokens=tokens, merge_cart=merge_cart)


async def show_factor(services: Services, challenge: str, code: str, client: Client) -> LoginOut:
    """Finish a login by its second factor.

    Raises
    ------
    ChallengeGoneError
        If the login is unknown, over, or was finished.
    WrongCodeError
        If the code is wrong or was used before.
    TooManyError
        If too many codes were tried.
    AccountChangedError
        If password or second factor changed since the login began.
    """
    digest, now = services.vault.digest(challenge), services.clock()
    begun = await kept.challenged(services.pool, digest, now)
    if begun is None:
        raise ChallengeGoneError
    account_id = begun["account_id"]
    await guesses.count(services, Guess.CODE, pseudonym(services, account_id))
    merge_cart = await _has_a_cart(services, client.guest_token)
    async with transaction(services.pool) as connection:
        account = await repository.locked(connection, account_id, alone=False)
        if account is None or account["epoch"] != begun["epoch"]:
            raise AccountChangedError
        used = await second_factor.use(services, connection, account_id, code, client.trace_id)
        if used is not None:
            if not await kept.take_challenge(connection, digest, now):
                raise ChallengeGoneError
            tokens = await open_session(
                services, connection, account, client.agent, used, client.trace_id
            )
    if used is None:
        raise WrongCodeError
    return LoginOut(status="signed_in", tokens=tokens, merge_cart=merge_cart)


async def _tell_failure(
    services: Services, account: Any | None, reason: LoginFailure, trace_id: str
) -> None:
    subject = "" if account is None else pseudonym(services, account["account_id"])
    async with transaction(services.pool) as connection:
        data = FailedLoginV1(reason=reason)
        await tell(services, connection, subject, trace_id, (LoginFailedV1, data))


async def _has_a_cart(services: Services, guest_token: str) -> bool:
    """Tell whether a guest has anything that would be lost by not merging carts.

    Raises
    ------
    UnauthenticatedError
        If the token is not a guest's.
    """
    if not guest_token:
        return False
    guest = services.gate.guest(guest_token, "body.guest_token")
    return bool(await carts.lines(services.pool, guest.name))
