"""The second factor over HTTP."""

from __future__ import annotations

from fastapi import APIRouter

from storefront_api.identity import second_factor
from storefront_api.identity.schemas import (
    ConfirmationIn,
    PasswordIn,
    RecoveryCodesOut,
    RemovalIn,
    SetupOut,
)
from storefront_api.platform.auth import Account
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.limits import limited
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter()


@router.post(
    "/account/second-factor",
    status_code=201,
    dependencies=[limited("signing_in")],
    responses=problems(401, 403, 409, 429, *BODY, 503),
)
async def begin(services: Injected, caller: Account, wanted: PasswordIn) -> SetupOut:
    """Begin to set up an authenticator; it protects nothing until it is confirmed."""
    secret, uri = await second_factor.begin(services, caller, wanted.password.get_secret_value())
    return SetupOut(secret=secret, uri=uri)


@router.post(
    "/account/second-factor/confirmation",
    dependencies=[limited("signing_in")],
    responses=problems(401, 403, 404, 409, 429, *BODY, 503),
)
async def confirm(
    services: Injected, caller: Account, wanted: ConfirmationIn, trace_id: TraceId
) -> RecoveryCodesOut:
    """Confirm the authenticator by a code of it: from now on every login asks for one."""
    code = wanted.code.get_secret_value()
    codes = await second_factor.confirm(services, caller, code, trace_id)
    return RecoveryCodesOut(recovery_codes=codes)


@router.post(
    "/account/second-factor/removal",
    status_code=204,
    dependencies=[limited("signing_in")],
    responses=problems(401, 403, 404, 409, 429, *BODY, 503),
)
async def remove(services: Injected, caller: Account, wanted: RemovalIn, trace_id: TraceId) -> None:
    """Give up the second factor, by password and code."""
    password, code = wanted.password.get_secret_value(), wanted.code.get_secret_value()
    await second_factor.remove(services, caller, password, code, trace_id)
