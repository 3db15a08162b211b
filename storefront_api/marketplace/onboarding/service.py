"""Applying, reviewing, and who may sell."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.events import Event, Topic
from storefront_api.events.marketplace import (
    VendorAppliedV1,
    VendorApprovedV1,
    VendorRejectedV1,
    VendorReviewMovedV1,
    VendorSuspendedV1,
    VendorV1,
)
from storefront_api.marketplace.onboarding import repository
from storefront_api.marketplace.onboarding.papers import media_type
from storefront_api.marketplace.onboarding.schemas import ApplicationIn, PaperOut, VendorOut
from storefront_api.marketplace.onboarding.states import Action, State, WrongStateError, follow
from storefront_api.platform import idempotency
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import ConflictError, NotFoundError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.services import Services

OPEN_FOR_PAPERS = frozenset({State.SUBMITTED, State.MORE_INFORMATION_WANTED, State.SUSPENDED})
"""While a reviewer looks, what is looked at stays as it is."""
DECISIONS = frozenset({Action.APPROVE, Action.REJECT, Action.ASK, Action.SUSPEND})
_EVENTS: dict[State, type[Event]] = {
    State.APPROVED: VendorApprovedV1,
    State.REJECTED: VendorRejectedV1,
    State.SUSPENDED: VendorSuspendedV1,
}


class AppliedAlreadyError(ConflictError):
    """The applicant has a vendor, or an application that is not decided."""

    code = "applied_already"


def missing(vendor_id: str) -> NotFoundError:
    """Return the refusal for a vendor that is not there, or not the caller's."""
    return NotFoundError(f"there is no vendor {vendor_id!r}", field="path.vendor_id")


def told(
    row: Any, now: datetime, trace_id: str, kind: type[Event] | None = None
) -> tuple[Topic, str, Event]:
    """Return the event that tells of a vendor's new state, with its topic and key."""
    state = State(row["state"])
    event: Any = kind or _EVENTS.get(state, VendorReviewMovedV1)
    data = VendorV1(vendor_id=row["vendor_id"], state=state.value, country=row["country"])
    made: Event = event(
        id=new_id(),
        occurred_at=now,
        received_at=now,
        subject=row["applicant"],
        trace_id=trace_id,
        data=data,
    )
    return Topic.MARKETPLACE, row["vendor_id"], made


async def shown(connection: Connection, row: Any) -> VendorOut:
    """Return a vendor as it sees itself."""
    vendor_id = row["vendor_id"]
    papers = [PaperOut(**dict(paper)) for paper in await repository.papers(connection, vendor_id)]
    log = await repository.log_of(connection, vendor_id)
    notes = [entry["note"] for entry in log if entry["action"] in DECISIONS]
    fields = {name: row[name] for name in VendorOut.model_fields.keys() - {"papers", "note"}}
    return VendorOut(**fields, papers=papers, note=notes[-1] if notes else "")


async def apply(
    services: Services, request: Request, caller: Caller, wanted: ApplicationIn, trace_id: str
) -> Answer:
    """Submit an application, or answer what was answered under the same key.

    Raises
    ------
    AppliedAlreadyError
        If the caller has a vendor or an application that was not rejected.
    """
    now = services.clock()
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, request)
        if given is not None:
            return given
        description = [getattr(wanted, name) for name in repository.DESCRIPTION]
        vendor_id = str(new_id())
        row = await repository.insert(
            connection, vendor_id, caller.name, caller.account_id, description, now
        )
        if row is None:
            raise AppliedAlreadyError("one application at a time", field="header.Authorization")
        await repository.log(connection, [vendor_id], "apply", row["state"], caller.name, "", now)
        await enqueue(connection, [told(row, now, trace_id, VendorAppliedV1)])
        answer = Answer(201, (await shown(connection, row)).model_dump_json())
        await idempotency.keep(connection, request, answer)
    return answer


async def read_own(services: Services, caller: Caller, vendor_id: str) -> VendorOut:
    """Return a vendor that the caller applied for or works for.

    Raises
    ------
    NotFoundError
        If there is none, or it is somebody else's.
    """
    row = await repository.own(services.pool, vendor_id, caller.name, caller.vendor_id)
    if row is None:
        raise missing(vendor_id)
    return await shown(services.pool, row)


async def upload(
    services: Services,
    caller: Caller,
    vendor_id: str,
    kind: str,
    filename: str,
    stated_type: str,
    content: bytes,
) -> PaperOut:
    """Keep a paper; the same content of the same kind is kept once.

    Raises
    ------
    NotFoundError
        If the vendor is not the caller's.
    WrongStateError
        If it is under review, or decided.
    TooLargeError, InvalidError
        If it is no paper that is taken.
    """
    digest = hashlib.sha256(content).digest()
    now = services.clock()
    async with transaction(services.pool) as connection:
        row = await repository.hold_own(connection, vendor_id, caller.name, caller.vendor_id)
        if row is None:
            raise missing(vendor_id)
        if row["state"] not in OPEN_FOR_PAPERS:
            raise WrongStateError(f"a vendor that is {row['state']} takes no papers")
        found = media_type(content, stated_type)
        values = (
            new_id(),
            vendor_id,
            kind,
            filename,
            found,
            len(content),
            digest,
            content,
            caller.name,
            now,
        )
        if await repository.add_paper(connection, values):
            state, note = row["state"], f"{kind} {digest.hex()}"
            await repository.log(connection, [vendor_id], "upload", state, caller.name, note, now)
        papers = await repository.papers(connection, vendor_id)
    kept = (p for p in papers if (p["kind"], p["sha256"]) == (kind, digest.hex()))
    return PaperOut(**dict(next(kept)))


async def resubmit(
    services: Services, caller: Caller, vendor_id: str, wanted: ApplicationIn, trace_id: str
) -> VendorOut:
    """Answer a reviewer who wanted more information.

    Raises
    ------
    NotFoundError
        If the vendor is not the caller's.
    WrongStateError
        If nobody wants to know.
    """
    now = services.clock()
    async with transaction(services.pool) as connection:
        row = await repository.hold_own(connection, vendor_id, caller.name, caller.vendor_id)
        if row is None:
            raise missing(vendor_id)
        after = follow(State(row["state"]), Action.RESUBMIT)
        description = [getattr(wanted, name) for name in repository.DESCRIPTION]
        await repository.describe(connection, vendor_id, description)
        row = await repository.move(connection, vendor_id, row["state"], after, now)
        await repository.log(connection, [vendor_id], Action.RESUBMIT, after, caller.name, "", now)
        await enqueue(connection, [told(row, now, trace_id)])
        return await shown(connection, row)


async def admit(
    connection: Connection, vendor_ids: Collection[str], actor: str, now: datetime, trace_id: str
) -> None:
    """Bring in vendors of an imported catalogue as approved: who imports it vouches for them.

    Vendors that are known already stay as they are, so that no import ends a suspension. Goods
    without a vendor are the store's own; nobody is brought in for them.
    """
    new = await repository.admit(connection, sorted(set(vendor_ids) - {""}), now)
    if not new:
        return
    state = State.APPROVED
    await repository.log(connection, new, "import", state, actor, "", now)
    rows = [
        {"vendor_id": vendor_id, "state": state, "country": "", "applicant": ""}
        for vendor_id in new
    ]
    await enqueue(connection, [told(row, now, trace_id) for row in rows])


async def content(services: Services, vendor_id: str, paper_id: UUID) -> Any:
    """Return filename, media type and content of a paper.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    row = await repository.content(services.pool, vendor_id, paper_id)
    if row is None:
        raise NotFoundError(f"there is no paper {paper_id}", field="path.paper_id")
    return row
