"""What reviewers do."""

from __future__ import annotations

from typing import Any

from storefront_api.identity import roles
from storefront_api.marketplace.onboarding import repository
from storefront_api.marketplace.onboarding.schemas import (
    NEEDED,
    CheckOut,
    DecisionIn,
    LogEntry,
    ReviewOut,
    VendorLine,
    VendorPage,
)
from storefront_api.marketplace.onboarding.service import missing, shown, told
from storefront_api.marketplace.onboarding.states import Action, State, WrongStateError, follow
from storefront_api.notifications import service as notifications
from storefront_api.platform import idempotency
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import AwayError, ConflictError, ForbiddenError, InvalidError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.kyc import CheckAwayError, Company
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.services import Services


class NotReadyError(ConflictError):
    """Something that an approval needs is not there, or speaks against it."""

    code = "not_ready"


async def page(services: Services, after: str, state: str, limit: int) -> VendorPage:
    """Return a page of vendors in order of their id."""
    rows = await repository.page(services.pool, after, state, limit + 1)
    vendors = [VendorLine(**dict(row)) for row in rows[:limit]]
    more = len(rows) > limit
    return VendorPage(vendors=vendors, next_cursor=vendors[-1].vendor_id if more else "")


async def read(services: Services, vendor_id: str) -> ReviewOut:
    """Return a vendor with all that was done to it.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    row = await repository.find(services.pool, vendor_id)
    if row is None:
        raise missing(vendor_id)
    return await _reviewed(services.pool, row)


async def _reviewed(connection: Connection, row: Any) -> ReviewOut:
    vendor_id = row["vendor_id"]
    vendor = await shown(connection, row)
    checks = await repository.checks(connection, vendor_id)
    log = await repository.log_of(connection, vendor_id)
    return ReviewOut(
        **vendor.model_dump(),
        payout_account=row["payout_account"],
        checks=[CheckOut(**{n: c[n] for n in CheckOut.model_fields}) for c in checks],
        log=[LogEntry(**{n: e[n] for n in LogEntry.model_fields}) for e in log],
    )


async def check(services: Services, caller: Caller, vendor_id: str) -> ReviewOut:
    """Have the company of a vendor under review checked, outside of any transaction.

    Raises
    ------
    NotFoundError
        If there is no such vendor.
    WrongStateError
        If it is not under review, or no more when the answer came.
    AwayError
        If the provider of checks does not answer.
    """
    row = await repository.find(services.pool, vendor_id)
    if row is None:
        raise missing(vendor_id)
    review = await repository.review(services.pool, vendor_id)
    not_reviewed = WrongStateError(f"a vendor that is {row['state']} is not checked")
    if row["state"] != State.UNDER_REVIEW:
        raise not_reviewed
    check_id = new_id()
    company = Company(row["legal_name"], row["country"], row["registration_number"])
    try:
        found = await services.kyc.check(company, str(check_id))
    except CheckAwayError as error:
        raise AwayError(f"the check was not made: {error}") from error
    now = services.clock()
    async with transaction(services.pool) as connection:
        row = await repository.hold(connection, vendor_id)
        # What was checked may have been replaced meanwhile, under a review of its own.
        if row["state"] != State.UNDER_REVIEW or review != await repository.review(
            connection, vendor_id
        ):
            raise not_reviewed
        values = (check_id, vendor_id, found.outcome, found.reference, now, review)
        await repository.add_check(connection, values)
        state, note = row["state"], f"{found.outcome} {found.reference}"
        await repository.log(connection, [vendor_id], "check", state, caller.name, note, now)
        return await _reviewed(connection, row)


async def decide(
    services: Services,
    request: Request,
    caller: Caller,
    vendor_id: str,
    wanted: DecisionIn,
    trace_id: str,
) -> Answer:
    """Move a vendor, or answer what was answered under the same key.

    The account that applied sells for a vendor that is approved, and for no other.

    Raises
    ------
    NotFoundError
        If there is no such vendor.
    ForbiddenError
        If the reviewer is the applicant.
    InvalidError
        If a reason is missing.
    WrongStateError
        If it cannot be moved like this.
    NotReadyError
        If it is to be approved without its papers or a check, or against one.
    SessionsAwayError
        If nobody can be told of the applicant's new role; nothing has changed then.
    """
    action, now = Action(wanted.action), services.clock()
    if action not in (Action.BEGIN_REVIEW, Action.APPROVE) and not wanted.note.strip():
        raise InvalidError("the vendor is told a reason", field="body.note")
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, request)
        if given is not None:
            return given
        row = await repository.hold(connection, vendor_id)
        if row is None:
            raise missing(vendor_id)
        if row["applicant"] == caller.name:
            raise ForbiddenError("nobody reviews an application of their own")
        after = follow(State(row["state"]), action)
        if action is Action.APPROVE:
            await _refuse_unready(connection, vendor_id, wanted.note.strip())
        row = await repository.move(connection, vendor_id, row["state"], after, now)
        await repository.log(
            connection, [vendor_id], action, after, caller.name, wanted.note.strip(), now
        )
        event = told(row, now, trace_id)
        await enqueue(connection, [event])
        if row["contact_email"]:
            await notifications.request(
                connection,
                cause=f"{event[2].type}/{event[2].id}",
                recipient=row["contact_email"],
                template="vendor_state",
                parameters={"state": after.value, "note": wanted.note.strip()},
                now=now,
            )
        answer = Answer(200, (await _reviewed(connection, row)).model_dump_json())
        await idempotency.keep(connection, request, answer)
        account_id = row["account_id"]
        turned = account_id is not None and await roles.sell_for(
            services,
            connection,
            caller.subject,
            account_id,
            vendor_id,
            after is State.APPROVED,
            trace_id,
        )
    if turned:
        await roles.settle(services, account_id)
    return answer


async def _refuse_unready(connection: Connection, vendor_id: str, note: str) -> None:
    there = {paper["kind"] for paper in await repository.papers(connection, vendor_id)}
    lacking = sorted(NEEDED - there)
    if lacking:
        raise NotReadyError(f"there is no paper of {', '.join(lacking)}", field="body.action")
    review = await repository.review(connection, vendor_id)
    made = [
        check["outcome"]
        for check in await repository.checks(connection, vendor_id)
        if check["review_entry"] == review
    ]
    if not made:
        raise NotReadyError("the company was not checked in this review", field="body.action")
    if made[-1] == "refused":
        raise NotReadyError("the check of the company speaks against it", field="body.action")
    if made[-1] == "consider" and not note:
        raise NotReadyError("the check left doubts: say why it is approved", field="body.note")


async def pay_to(services: Services, caller: Caller, vendor_id: str, account: str) -> ReviewOut:
    """Note where a vendor's money goes; payouts that exist keep their destination.

    Raises
    ------
    NotFoundError
        If there is no such vendor.
    """
    now = services.clock()
    async with transaction(services.pool) as connection:
        row = await repository.hold(connection, vendor_id)
        if row is None:
            raise missing(vendor_id)
        await repository.pay_to(connection, vendor_id, account, now)
        state = row["state"]
        await repository.log(connection, [vendor_id], "pay_to", state, caller.name, account, now)
        return await _reviewed(connection, await repository.find(connection, vendor_id))
