"""Companies, who acts for them, and carts made of lists."""

from __future__ import annotations

from uuid import UUID

from storefront_api.business import repository
from storefront_api.business.outgoing import Acting, message
from storefront_api.business.repository import Member
from storefront_api.business.rows import parse, problem, refuse
from storefront_api.business.schemas import (
    CompanyIn,
    CompanyOut,
    ListIn,
    ListOut,
    MemberIn,
    MemberOut,
)
from storefront_api.carts import service as carts
from storefront_api.events.business import (
    CompanyCreatedV1,
    CompanyMemberSetV1,
    CompanyV1,
    MemberV1,
)
from storefront_api.ledger import accounts
from storefront_api.ledger import service as ledger
from storefront_api.ledger.transfers import move, transfer
from storefront_api.platform import idempotency
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import ConflictError, ForbiddenError, NotFoundError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.services import Services


async def create(
    services: Services, request: Request, caller: Caller, wanted: CompanyIn, trace_id: str
) -> Answer:
    """Create a company with its credit, or answer what was answered under the same key."""
    now, company_id = services.clock(), new_id()
    stated = wanted.model_dump()
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, request)
        if given is not None:
            return given
        columns = (
            company_id,
            wanted.name,
            wanted.currency,
            wanted.approval_above_minor,
            wanted.term_days,
            now,
        )
        await repository.insert_company(connection, columns)
        granted = accounts.credit_granted(wanted.currency)
        credit = accounts.credit(company_id, wanted.currency)
        moves = move(granted, credit, wanted.credit_limit_minor)
        await ledger.post(connection, transfer(f"credit/{company_id}", moves), now)
        data = CompanyV1(company_id=company_id, **{k: v for k, v in stated.items() if k != "name"})
        acting = Acting(caller.subject, now, trace_id)
        await enqueue(connection, [message(CompanyCreatedV1, data, company_id, acting)])
        answer = Answer(201, CompanyOut(company_id=company_id, **stated).model_dump_json())
        await idempotency.keep(connection, request, answer)
    return answer


async def set_member(
    services: Services, company_id: UUID, wanted: MemberIn, trace_id: str
) -> MemberOut:
    """Let an account act for a company; twice is as good as once.

    Raises
    ------
    NotFoundError
        If there is no such company.
    ConflictError
        If the account acts for another one.
    """
    subject = services.gate.pseudonym(str(wanted.account_id))
    async with transaction(services.pool) as connection:
        if not await repository.company_exists(connection, company_id):
            raise NotFoundError(f"there is no company {company_id}", field="path.company_id")
        if not await repository.set_member(connection, subject, company_id, wanted.role):
            raise ConflictError("the account acts for another company", field="body.account_id")
        data = MemberV1(company_id=company_id, role=wanted.role)
        acting = Acting(subject, services.clock(), trace_id)
        await enqueue(connection, [message(CompanyMemberSetV1, data, company_id, acting)])
    return MemberOut(company_id=company_id, subject=subject, role=wanted.role)


async def acts_for(connection: Connection, caller: Caller) -> Member:
    """Return for which company the caller acts.

    Raises
    ------
    ForbiddenError
        If for none.
    """
    member = await repository.member(connection, caller.subject)
    if member is None:
        raise ForbiddenError("the account acts for no company")
    return member


async def fill_cart(services: Services, caller: Caller, wanted: ListIn, trace_id: str) -> ListOut:
    """Put a list of skus into the caller's cart, all of it or nothing.

    Raises
    ------
    ForbiddenError
        If the caller acts for no company.
    InvalidError
        If anything is wrong with the list; each wrong row is told.
    """
    await acts_for(services.pool, caller)
    listed = parse(wanted.csv)
    known = await repository.known(services.pool, list(listed))
    unknown = sorted((row, sku) for sku, (_, row) in listed.items() if sku not in known)
    refuse([problem(row, f"there is no variant {sku}") for row, sku in unknown])
    quantities = {sku: quantity for sku, (quantity, _) in listed.items()}
    await carts.put_all(services, caller, quantities, "body.csv", trace_id)
    return ListOut(lines=len(quantities))
