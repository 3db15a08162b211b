"""The profile: what a shopper wants products to be, and where to write to."""

from __future__ import annotations

from uuid import UUID

from storefront_api.events.identity import PreferencesChangedV1, PreferencesV1
from storefront_api.identity import repository
from storefront_api.identity.schemas import Preferences
from storefront_api.identity.telling import tell
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection, transaction
from storefront_api.services import Services

NONE = Preferences()
"""Of guests, partners, and accounts that never said."""


async def preferences_of(connection: Connection, caller: Caller | None) -> Preferences:
    """Return what a caller prefers.

    Parameters
    ----------
    connection
        A connection, or a pool.
    caller
        Who asks; None, a guest and a partner prefer nothing.
    """
    if caller is None or caller.account_id is None:
        return NONE
    row = await repository.preferences(connection, caller.account_id)
    return NONE if row is None else Preferences(**dict(row))


async def own_address(connection: Connection, caller: Caller) -> str:
    """Return the e-mail address that a caller has shown to be theirs.

    It is empty for guests and partners, and for whoever has not shown it yet.
    """
    if caller.account_id is None:
        return ""
    return await repository.verified_email(connection, caller.account_id)


async def prefer(
    services: Services, caller: Caller, account_id: UUID, wanted: Preferences, trace_id: str
) -> None:
    """Replace what a shopper prefers; only a real change becomes an event."""
    values = [getattr(wanted, name) for name in repository.PREFERENCES]
    async with transaction(services.pool) as connection:
        await repository.locked(connection, account_id, alone=True)
        if await repository.set_preferences(connection, account_id, services.clock(), values):
            data = PreferencesV1(**wanted.model_dump())
            await tell(services, connection, caller.subject, trace_id, (PreferencesChangedV1, data))
