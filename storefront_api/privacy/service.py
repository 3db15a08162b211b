"""Erasing a person from the store, and handing out what it holds of one."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import Sequence
from io import BytesIO
from uuid import UUID

from storefront_api.events import Topic
from storefront_api.events.privacy import ErasedV1, SubjectErasedV1
from storefront_api.platform.auth import Caller, Gate
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import ConflictError, NotFoundError
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.platform.policy import Permission, Role
from storefront_api.privacy import repository
from storefront_api.privacy.repository import Person
from storefront_api.privacy.schemas import ErasureOut
from storefront_api.services import Services


class CannotEraseError(ConflictError):
    """Somebody cannot be erased yet: goods are kept for them, or they work or sell here."""

    code = "cannot_be_erased"


async def erase(services: Services, caller: Caller, subject: str, trace_id: str) -> ErasureOut:
    """Erase somebody from the store, in one transaction with the event that tells the others.

    Again, it erases what came since; if nothing did, it answers with the former receipt.

    Raises
    ------
    NotFoundError
        If it is somebody else and the caller may not look after everybody.
    CannotEraseError
        If a checkout is open, or the account works for the store or sells in it.
    SessionsAwayError
        If Valkey is away: nothing is erased then.
    """
    account_id = await _account_id(services, caller, subject)
    now = services.clock()
    async with transaction(services.pool) as connection:
        await repository.lock(connection, subject)
        person = await _person(services, connection, subject, account_id)
        if await repository.has_open_checkout(connection, subject):
            raise CannotEraseError("a checkout is open; end it first")
        if await repository.sells(connection, person):
            raise CannotEraseError("somebody who sells here is erased after the vendor")
        rows = await repository.erase(connection, person)
        former = await repository.latest(connection, subject)
        if former is not None and not rows:
            return ErasureOut.of(former)
        receipt = ErasureOut(erasure_id=new_id(), subject=subject, erased_at=now, rows=rows)
        await repository.keep(connection, receipt.erasure_id, subject, now, rows)
        event = SubjectErasedV1(
            id=new_id(),
            occurred_at=now,
            received_at=now,
            subject=subject,
            trace_id=trace_id,
            data=ErasedV1(erasure_id=receipt.erasure_id),
        )
        await enqueue(connection, [(Topic.IDENTITY, subject, event)])
        if account_id is not None:
            # Before the commit: a session must not outlive its account.
            await services.sessions.close_all(account_id)
    return receipt


async def receipt_of(services: Services, erasure_id: UUID) -> ErasureOut:
    """Return a receipt.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    row = await repository.by_id(services.pool, erasure_id)
    if row is None:
        raise NotFoundError(f"there is no erasure {erasure_id}", field="path.erasure_id")
    return ErasureOut.of(row)


async def export(services: Services, caller: Caller, subject: str) -> bytes:
    """Return a ZIP archive of all that the store holds of somebody, a JSON file for each table.

    Raises
    ------
    NotFoundError
        If it is somebody else and the caller may not look after everybody.
    """
    account_id = await _account_id(services, caller, subject)
    archive = BytesIO()
    async with transaction(services.pool) as connection:
        person = await _person(services, connection, subject, account_id, erases=False)
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
            async for table, rows in repository.held(connection, person):
                if rows:
                    text = json.dumps(rows, ensure_ascii=False, indent=1)
                    files.writestr(f"{table}.json", text)
    return archive.getvalue()


async def _account_id(services: Services, caller: Caller, subject: str) -> UUID | None:
    """Return the account that a pseudonym stands for; None for a guest."""
    if caller.subject == subject:
        return caller.account_id
    if not caller.may(Permission.ERASE_ANYBODY):
        raise NotFoundError(f"there is no subject {subject}", field="path.subject")
    # Nothing leads from a pseudonym to its account, so every account is tried.
    account_ids = await repository.account_ids(services.pool)
    return await asyncio.to_thread(_find, services.gate, account_ids, subject)


def _find(gate: Gate, account_ids: Sequence[UUID], subject: str) -> UUID | None:
    return next((one for one in account_ids if gate.pseudonym(str(one)) == subject), None)


async def _person(
    services: Services,
    connection: Connection,
    subject: str,
    account_id: UUID | None,
    *,
    erases: bool = True,
) -> Person:
    account = await repository.account(connection, account_id) if account_id else None
    if account is None:
        return Person(subject)
    if erases and account["role"] != Role.CUSTOMER:
        raise CannotEraseError(f"the account is a {account['role']}'s; make it a customer's first")
    email = account["email"]
    return Person(subject, account_id, email, services.gate.pseudonym(f"email/{email}"))
