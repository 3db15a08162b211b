"""The second factor: set up, confirmed, asked for at login, given up; every code works once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from storefront_api.events.identity import (
    MfaEnrolledV1,
    MfaFailedV1,
    MfaPassedV1,
    MfaRemovedV1,
    PassedMfaV1,
    SecondFactor,
)
from storefront_api.identity import factor_repository as factors
from storefront_api.identity import guesses, repository, totp
from storefront_api.identity.credentials import proved, signed_in
from storefront_api.identity.errors import (
    AccountChangedError,
    AlreadyProtectedError,
    InvalidCodeError,
    NoSecondFactorError,
)
from storefront_api.identity.guesses import Guess
from storefront_api.identity.telling import NOTHING, pseudonym, tell
from storefront_api.notifications import service as notifications
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.outbox import new_id
from storefront_api.platform.vault import new_recovery_code
from storefront_api.services import Services

RECOVERY_CODES = 10
SETUP_LIFETIME = timedelta(minutes=15)
"""How long a setup may be confirmed."""


async def begin(services: Services, caller: Caller, password: str) -> tuple[str, str]:
    """Begin a setup and return its secret and the authenticator's URI; it protects nothing yet.

    Raises
    ------
    WrongPasswordError
        If it is not the account's.
    AlreadyProtectedError
        If there is a second factor.
    """
    account = await proved(services, caller, password)
    account_id, secret = account["account_id"], totp.new_secret()
    sealed = services.vault.seal(secret.encode(), str(account_id))
    async with transaction(services.pool) as connection:
        await repository.locked(connection, account_id, alone=True)
        if not await factors.begin(connection, account_id, sealed, services.clock()):
            raise AlreadyProtectedError
    return secret, totp.setup_uri(secret, account["email"])


async def confirm(services: Services, caller: Caller, code: str, trace_id: str) -> list[str]:
    """Confirm a setup by a code of it, and return the recovery codes.

    Raises
    ------
    NoSecondFactorError
        If no setup is pending, or if it began too long ago.
    AlreadyProtectedError
        If it was confirmed.
    InvalidCodeError
        If the code is not of the setup.
    TooManyError
        If too many were tried.
    """
    account_id, _ = signed_in(caller)
    await guesses.count(services, Guess.CODE, caller.subject)
    now = services.clock()
    async with transaction(services.pool) as connection:
        account = await repository.locked(connection, account_id, alone=True)
        factor = await factors.find(connection, account_id)
        if factor is None or account is None:
            raise NoSecondFactorError
        if factor["confirmed_at"] is not None:
            raise AlreadyProtectedError
        if now - factor["begun_at"] > SETUP_LIFETIME:
            raise NoSecondFactorError
        step = totp.step_of(_opened(services, account_id, factor), code, now)
        if step is None:
            raise InvalidCodeError
        await factors.confirm(connection, account_id, now, step)
        codes = [new_recovery_code() for _ in range(RECOVERY_CODES)]
        digests = [services.vault.digest(_plain(code)) for code in codes]
        await factors.add_codes(connection, account_id, digests)
        # A login that began without the factor must not end without it.
        await repository.next_epoch(connection, account_id)
        await guesses.forget(connection, Guess.CODE, caller.subject)
        await _mail(services, connection, account, "second_factor_enrolled")
        await tell(services, connection, caller.subject, trace_id, (MfaEnrolledV1, NOTHING))
    return codes


async def remove(
    services: Services, caller: Caller, password: str, code: str, trace_id: str
) -> None:
    """Give up the second factor.

    Raises
    ------
    WrongPasswordError
        If the password is not the account's.
    NoSecondFactorError
        If there is none.
    InvalidCodeError
        If the code is wrong or was used.
    AccountChangedError
        If the password was changed meanwhile.
    """
    before = await proved(services, caller, password)
    account_id = before["account_id"]
    if not before["second_factor"]:
        raise NoSecondFactorError
    await guesses.count(services, Guess.CODE, caller.subject)
    async with transaction(services.pool) as connection:
        account = await repository.locked(connection, account_id, alone=True)
        if account is None or account["epoch"] != before["epoch"]:
            raise AccountChangedError
        used = await use(services, connection, account_id, code, trace_id)
        if used is not None:
            await factors.remove(connection, account_id)
            await repository.next_epoch(connection, account_id)
            await _mail(services, connection, account, "second_factor_removed")
            await tell(services, connection, caller.subject, trace_id, (MfaRemovedV1, NOTHING))
    if used is None:
        raise InvalidCodeError


async def use(
    services: Services, connection: Connection, account_id: UUID, code: str, trace_id: str
) -> SecondFactor | None:
    """Use a code of a confirmed second factor up, or a recovery code, and tell of it.

    Returns
    -------
    Which of them it was; None if it is neither, or was used before.
    """
    subject = pseudonym(services, account_id)
    used = await _used(services, connection, account_id, code)
    if used is None:
        await tell(services, connection, subject, trace_id, (MfaFailedV1, NOTHING))
        return None
    await guesses.forget(connection, Guess.CODE, subject)
    passed = PassedMfaV1(second_factor=used)
    await tell(services, connection, subject, trace_id, (MfaPassedV1, passed))
    return used


async def _used(
    services: Services, connection: Connection, account_id: UUID, code: str
) -> SecondFactor | None:
    now = services.clock()
    factor = await factors.find(connection, account_id)
    if factor is None or factor["confirmed_at"] is None:
        return None
    step = totp.step_of(_opened(services, account_id, factor), code, now)
    if step is not None:
        fresh = await factors.use_step(connection, account_id, step)
        return SecondFactor.TOTP if fresh else None
    digest = services.vault.digest(_plain(code))
    fresh = await factors.use_code(connection, account_id, digest, now)
    return SecondFactor.RECOVERY_CODE if fresh else None


def _opened(services: Services, account_id: UUID, factor: Any) -> str:
    return services.vault.open(factor["sealed_secret"], str(account_id)).decode()


def _plain(code: str) -> str:
    """Return a recovery code as it is hashed: people leave out dashes, or shout."""
    return code.replace("-", "").replace(" ", "").lower()


async def _mail(services: Services, connection: Connection, account: Any, template: str) -> None:
    now = services.clock()
    await notifications.request(
        connection,
        cause=f"{template}/{new_id()}",
        recipient=account["email"],
        template=template,
        parameters={"at": now.isoformat()},
        now=now,
    )
