"""Posting to the ledger, in the transaction of what caused it, and reading it."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby

import asyncpg

from storefront_api.ledger import repository
from storefront_api.ledger.schemas import (
    AccountsOfKind,
    EntryOut,
    TransferOut,
    TrialBalanceOut,
    UnitOut,
)
from storefront_api.ledger.transfers import Transfer
from storefront_api.platform.database import Connection
from storefront_api.platform.errors import ConflictError, NotFoundError
from storefront_api.platform.outbox import new_id
from storefront_api.services import Services


class OverdrawnError(ConflictError):
    """An account does not have what is to be taken from it."""

    code = "overdrawn"


async def post(connection: Connection, transfer: Transfer, at: datetime) -> bool:
    """Post a transfer once; one in which nothing moves is not posted.

    Returns
    -------
    Whether this call posted it; False if its cause was posted before.

    Raises
    ------
    OverdrawnError
        If a guarded account would go below zero; the transaction can only be given up then.
    """
    if not transfer:
        return False
    try:
        return await repository.post(connection, new_id(), transfer, at)
    except asyncpg.CheckViolationError as error:
        if error.constraint_name == repository.OVERDRAWN:
            raise OverdrawnError("there is less than is to be taken") from error
        raise


async def reverse(connection: Connection, reference: str, new_reference: str, at: datetime) -> bool:
    """Post the opposite of a transfer once; False if there is nothing to reverse."""
    return await repository.reverse(connection, new_id(), reference, new_reference, at)


async def trial_balance(services: Services) -> TrialBalanceOut:
    """Return debits and credits by unit and kind of account; in a unit they are equal."""
    rows = await repository.trial_balance(services.pool)
    units = []
    for unit, group in groupby(rows, key=lambda row: row["unit"]):
        kinds = [
            AccountsOfKind(**{name: row[name] for name in AccountsOfKind.model_fields})
            for row in group
        ]
        units.append(
            UnitOut(
                unit=unit,
                debits=sum(kind.debits for kind in kinds),
                credits=sum(kind.credits for kind in kinds),
                kinds=kinds,
            )
        )
    return TrialBalanceOut(units=units)


async def transfer_of(services: Services, reference: str) -> TransferOut:
    """Return what one cause has moved.

    Raises
    ------
    NotFoundError
        If it has moved nothing.
    """
    rows = await repository.transfer_of(services.pool, reference)
    if not rows:
        raise NotFoundError(f"nothing is posted for {reference}", field="query.reference")
    entries = [EntryOut(**{name: row[name] for name in EntryOut.model_fields}) for row in rows]
    first = rows[0]
    return TransferOut(
        transfer_id=first["transfer_id"],
        reference=first["reference"],
        posted_at=first["posted_at"],
        entries=entries,
    )
