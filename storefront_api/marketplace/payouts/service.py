"""Runs: what vendors are owed is set aside to be paid, once, however many runs there are."""

from __future__ import annotations

from uuid import UUID

from storefront_api.events.marketplace import PayoutCreatedV1
from storefront_api.marketplace.payouts import repository
from storefront_api.marketplace.payouts.outgoing import told
from storefront_api.marketplace.payouts.schemas import PayoutOut, PayoutPage, RunIn, RunOut
from storefront_api.platform import idempotency
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import NotFoundError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.services import Services


async def run(
    services: Services, request: Request, caller: Caller, wanted: RunIn, trace_id: str
) -> Answer:
    """Set aside what vendors are owed, or answer what was answered under the same key.

    A payout is taken from the balance in the transaction that makes it, while nobody else may
    pay the vendor: a second run finds nothing. What vendors owe stays in their balance, and what
    they sell next pays for it first.
    """
    now, run_id = services.clock(), new_id()
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, request)
        if given is not None:
            return given
        values = (run_id, wanted.currency, wanted.minimum_minor, caller.name, now)
        await repository.add_run(connection, values)
        held = await repository.hold(connection)
        rows = await repository.due(connection, held, wanted.currency, wanted.minimum_minor)
        payout_ids = [new_id() for _ in rows]
        await repository.create(connection, run_id, wanted.currency, now, payout_ids, rows)
        made = await _run(connection, run_id)
        if made.payouts:
            events = [
                told(PayoutCreatedV1, payout.model_dump(), now, trace_id) for payout in made.payouts
            ]
            await enqueue(connection, events)
        answer = Answer(201, made.model_dump_json())
        await idempotency.keep(connection, request, answer)
    return answer


async def _run(connection: Connection, run_id: UUID) -> RunOut:
    found = await repository.find_run(connection, run_id)
    if found is None:
        raise NotFoundError(f"there is no run {run_id}", field="path.run_id")
    payouts = await repository.of_run(connection, run_id)
    return RunOut(**dict(found), payouts=[PayoutOut(**dict(row)) for row in payouts])


async def read_run(services: Services, run_id: UUID) -> RunOut:
    """Return a run and what became of its payouts.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    return await _run(services.pool, run_id)


async def page(services: Services, vendor_id: str, before: UUID | None, limit: int) -> PayoutPage:
    """Return a page of a vendor's payouts, newest first."""
    rows = await repository.of_vendor(services.pool, vendor_id, before, limit + 1)
    payouts = [PayoutOut(**dict(row)) for row in rows[:limit]]
    more = len(rows) > limit
    return PayoutPage(payouts=payouts, next_cursor=str(payouts[-1].payout_id) if more else "")
