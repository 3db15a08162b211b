"""Accounts over HTTP: opening one, its password, its profile."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from storefront_api.identity import (
    credentials,
    factor_repository,
    profile,
    registration,
    repository,
)
from storefront_api.identity.errors import AccountChangedError
from storefront_api.identity.factor_endpoints import router as second_factor
from storefront_api.identity.role_endpoints import router as roles
from storefront_api.identity.schemas import (
    AccountOut,
    EmailIn,
    MailedOut,
    PasswordChangeIn,
    Preferences,
    ProfileOut,
    RegistrationIn,
    ResetIn,
    VerificationIn,
)
from storefront_api.identity.session_endpoints import router as sessions
from storefront_api.platform.auth import Account, public
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.limits import limited, visitors_limited
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["accounts"])


@router.post(
    "/accounts",
    status_code=202,
    dependencies=[Depends(public), visitors_limited("registering")],
    responses=problems(*BODY, 503),
)
async def register(services: Injected, wanted: RegistrationIn, trace_id: TraceId) -> MailedOut:
    """Open an account; the mail that is sent tells how it goes on, whether there was one or not."""
    password = wanted.password.get_secret_value()
    await registration.register(services, wanted.email, password, trace_id)
    return MailedOut()


@router.post(
    "/accounts/verification",
    status_code=204,
    dependencies=[Depends(public), visitors_limited("signing_in")],
    responses=problems(401, 404, 409, 429, *BODY, 503),
)
async def verify(services: Injected, wanted: VerificationIn, trace_id: TraceId) -> None:
    """Show by a mailed token and the password that the e-mail address is one's own."""
    token, password = wanted.token.get_secret_value(), wanted.password.get_secret_value()
    await registration.verify(services, token, password, trace_id)


@router.post(
    "/accounts/verification-mails",
    status_code=202,
    dependencies=[Depends(public), visitors_limited("registering")],
    responses=problems(*BODY, 503),
)
async def send_verification(services: Injected, wanted: EmailIn) -> MailedOut:
    """Mail another token to an account that is not verified yet."""
    await registration.mail_again(services, wanted.email, "verify")
    return MailedOut()


@router.post(
    "/password-resets",
    status_code=202,
    dependencies=[Depends(public), visitors_limited("registering")],
    responses=problems(*BODY, 503),
)
async def send_reset(services: Injected, wanted: EmailIn) -> MailedOut:
    """Mail a token that lets its reader choose another password, for an hour."""
    await registration.mail_again(services, wanted.email, "reset")
    return MailedOut()


@router.post(
    "/password-resets/confirmation",
    status_code=204,
    dependencies=[Depends(public), visitors_limited("signing_in")],
    responses=problems(404, *BODY, 503),
)
async def reset(services: Injected, wanted: ResetIn, trace_id: TraceId) -> None:
    """Choose another password by a mailed token; every session ends."""
    token, password = wanted.token.get_secret_value(), wanted.new_password.get_secret_value()
    await credentials.reset(services, token, password, trace_id)


@router.get("/account", responses=problems(401, 403, 409, 503))
async def read(services: Injected, caller: Account) -> AccountOut:
    """Read the account that is signed in."""
    account_id, _ = credentials.signed_in(caller)
    account = await repository.by_id(services.pool, account_id)
    if account is None:
        raise AccountChangedError
    names = AccountOut.model_fields.keys() - {"subject", "recovery_codes_left"}
    return AccountOut(
        **{name: account[name] for name in names},
        recovery_codes_left=await factor_repository.codes_left(services.pool, account_id),
        subject=caller.subject,
    )


@router.post(
    "/account/password",
    status_code=204,
    dependencies=[limited("signing_in")],
    responses=problems(401, 403, 409, 429, *BODY, 503),
)
async def change_password(
    services: Injected, caller: Account, wanted: PasswordChangeIn, trace_id: TraceId
) -> None:
    """Change the password; every other session ends."""
    old, new = wanted.password.get_secret_value(), wanted.new_password.get_secret_value()
    await credentials.change(services, caller, old, new, trace_id)


@router.get("/profile", responses=problems(401, 403, 503))
async def read_profile(services: Injected, caller: Account) -> ProfileOut:
    """Read what the store keeps in mind for the shopper."""
    return ProfileOut(preferences=await profile.preferences_of(services.pool, caller))


@router.put("/profile/preferences", responses=problems(401, 403, *BODY, 503))
async def prefer(
    services: Injected, caller: Account, wanted: Preferences, trace_id: TraceId
) -> ProfileOut:
    """Say what products are to be; what is left out is not wanted."""
    account_id, _ = credentials.signed_in(caller)
    await profile.prefer(services, caller, account_id, wanted, trace_id)
    return ProfileOut(preferences=wanted)


for part in (sessions, second_factor, roles):
    router.include_router(part)
