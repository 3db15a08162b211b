"""Giving and taking roles. A change holds for live sessions from the moment that it is committed.

Before the commit Valkey forgets what the account may do, so that every request asks PostgreSQL,
which says what is committed; after it Valkey is told. A process that dies in between leaves
requests a little slower, and right.
"""

from __future__ import annotations

from uuid import UUID

import structlog

from storefront_api.events.identity import AccountRole, ChangedRoleV1, RoleChangedV1
from storefront_api.identity import repository
from storefront_api.identity.errors import LastSuperAdminError
from storefront_api.identity.schemas import FoundAccountOut
from storefront_api.identity.telling import pseudonym, tell
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import ConflictError, NotFoundError
from storefront_api.platform.policy import Role
from storefront_api.platform.sessions import SessionsAwayError, Standing
from storefront_api.services import Services

log = structlog.get_logger()

OPERATOR = ""
"""Who appoints by the command, as its event names it."""


async def find(services: Services, email: str) -> FoundAccountOut:
    """Return the account of an e-mail address.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    account = await repository.by_email(services.pool, email)
    if account is None:
        raise NotFoundError("there is no such account", field="body.email")
    return FoundAccountOut(
        **{name: account[name] for name in ("account_id", "email", "role", "vendor_id")},
        verified=account["verified_at"] is not None,
    )


async def change(
    services: Services, by: str, account_id: UUID, role: AccountRole, vendor_id: str, trace_id: str
) -> None:
    """Make an account something else; what it was before is taken.

    Parameters
    ----------
    by
        Pseudonym of the super admin who does it, or `OPERATOR`.

    Raises
    ------
    NotFoundError
        If there is no such account.
    ConflictError
        If its e-mail address is not verified.
    LastSuperAdminError
        If nobody would be left who may give roles.
    SessionsAwayError
        If Valkey is away; nothing has changed then.
    """
    wanted = Standing(Role(role.value), vendor_id)
    async with transaction(services.pool) as connection:
        account = await repository.lock_with_super_admins(connection, account_id)
        if account is None:
            raise NotFoundError(f"there is no account {account_id}", field="path.account_id")
        if account["verified_at"] is None:
            raise ConflictError("the account's e-mail address is not verified")
        was = Standing(Role(account["role"]), account["vendor_id"])
        if was == wanted:
            return
        falls = was.role is Role.SUPER_ADMIN and wanted.role is not Role.SUPER_ADMIN
        if falls and await repository.other_super_admins(connection, account_id) == 0:
            raise LastSuperAdminError
        await _give(services, connection, by, account_id, was, wanted, trace_id)
    await settle(services, account_id)


async def sell_for(
    services: Services,
    connection: Connection,
    by: str,
    account_id: UUID,
    vendor_id: str,
    sells: bool,
    trace_id: str,
) -> bool:
    """Make a customer one who sells for a vendor, or a customer again, in a transaction.

    An account in any other role keeps it: staff stays staff, and whom a super admin has sent to
    another vendor works there.

    Returns
    -------
    Whether the role has changed; then `settle` is to be called once the transaction is committed.

    Raises
    ------
    SessionsAwayError
        If Valkey is away; the transaction can only be given up then.
    """
    account = await repository.locked(connection, account_id, alone=True)
    was, wanted = Standing(Role.CUSTOMER), Standing(Role.VENDOR, vendor_id)
    if not sells:
        was, wanted = wanted, was
    if account is None or Standing(Role(account["role"]), account["vendor_id"]) != was:
        return False
    await _give(services, connection, by, account_id, was, wanted, trace_id)
    return True


async def _give(
    services: Services,
    connection: Connection,
    by: str,
    account_id: UUID,
    was: Standing,
    wanted: Standing,
    trace_id: str,
) -> None:
    await repository.set_role(connection, account_id, wanted)
    data = ChangedRoleV1(
        was=AccountRole(was.role.value),
        role=AccountRole(wanted.role.value),
        vendor_id=wanted.vendor_id,
        by=by,
    )
    subject = pseudonym(services, account_id)
    await tell(services, connection, subject, trace_id, (RoleChangedV1, data))
    await services.sessions.forget_standing(account_id)


async def settle(services: Services, account_id: UUID) -> None:
    """Tell Valkey what the account may do now, whoever changed it last."""
    try:
        async with transaction(services.pool) as connection:
            account = await repository.locked(connection, account_id, alone=False)
            if account is not None:
                standing = Standing(Role(account["role"]), account["vendor_id"])
                await services.sessions.settle(account_id, standing)
    except SessionsAwayError as error:
        # The change holds all the same: until the next login or refresh PostgreSQL is asked.
        log.warning("a standing could not be told", error=str(error))
