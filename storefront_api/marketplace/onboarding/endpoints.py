"""Vendors over HTTP: applying and reviewing."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Response
from fastapi import Request as HttpRequest

from storefront_api.marketplace.onboarding import review, service
from storefront_api.marketplace.onboarding.papers import MAX_BYTES, SIGNATURES
from storefront_api.marketplace.onboarding.schemas import (
    ApplicationIn,
    DecisionIn,
    PaperKind,
    PaperOut,
    PayoutAccountIn,
    ReviewOut,
    VendorOut,
    VendorPage,
)
from storefront_api.marketplace.onboarding.states import State
from storefront_api.platform.auth import Applicant, VendorPayer, VendorReviewer
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.requests import Keyed
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["vendors"])
VendorId = Annotated[str, Path(min_length=1, max_length=64)]
Filename = Annotated[str, Query(max_length=120, pattern=r"^[^/\\\x00-\x1f\x7f]+$")]
_CONTENT: dict[str, Any] = {
    media: {"schema": {"type": "string", "format": "binary"}} for media in SIGNATURES.values()
}
_PAPER: dict[str, Any] = {
    "requestBody": {
        "description": f"The paper itself, of at most {MAX_BYTES} bytes.",
        "required": True,
        "content": _CONTENT,
    }
}


@router.post(
    "/vendor-applications",
    status_code=201,
    response_model=VendorOut,
    responses=problems(401, 403, 409, *BODY, 503),
)
async def apply(
    services: Injected, caller: Applicant, wanted: ApplicationIn, request: Keyed, trace_id: TraceId
) -> Response:
    """Apply to sell; one application at a time."""
    answer = await service.apply(services, request, caller, wanted, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.get("/vendor-applications/{vendor_id}", responses=problems(401, 403, 404, 422, 503))
async def read_own(services: Injected, caller: Applicant, vendor_id: VendorId) -> VendorOut:
    """Read how far an application of the caller's is."""
    return await service.read_own(services, caller, vendor_id)


@router.post(
    "/vendor-applications/{vendor_id}/papers",
    status_code=201,
    responses=problems(401, 403, 404, 409, *BODY, 503),
    openapi_extra=_PAPER,
)
async def upload(
    services: Injected,
    http: HttpRequest,
    caller: Applicant,
    vendor_id: VendorId,
    kind: PaperKind,
    filename: Filename,
    content_type: Annotated[str, Header(max_length=120)],
) -> PaperOut:
    """Upload a paper; the same one again is the one that is there."""
    content = await http.body()
    return await service.upload(services, caller, vendor_id, kind, filename, content_type, content)


@router.post(
    "/vendor-applications/{vendor_id}/resubmissions",
    responses=problems(401, 403, 404, 409, *BODY, 503),
)
async def resubmit(
    services: Injected,
    caller: Applicant,
    vendor_id: VendorId,
    wanted: ApplicationIn,
    trace_id: TraceId,
) -> VendorOut:
    """Answer a reviewer who wanted more information."""
    return await service.resubmit(services, caller, vendor_id, wanted, trace_id)


@router.get("/vendors", responses=problems(401, 403, 422, 503))
async def page(
    services: Injected,
    caller: VendorReviewer,
    state: State | None = None,
    after: Annotated[str, Query(max_length=64, description="A page's `next_cursor`.")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> VendorPage:
    """List vendors in order of their id."""
    return await review.page(services, after, state or "", limit)


@router.get("/vendors/{vendor_id}", responses=problems(401, 403, 404, 422, 503))
async def read(services: Injected, caller: VendorReviewer, vendor_id: VendorId) -> ReviewOut:
    """Read a vendor with all that was done to it."""
    return await review.read(services, vendor_id)


@router.get(
    "/vendors/{vendor_id}/papers/{paper_id}",
    response_class=Response,
    responses={
        **problems(401, 403, 404, 422, 503),
        200: {"content": _CONTENT},
    },
)
async def content(
    services: Injected, caller: VendorReviewer, vendor_id: VendorId, paper_id: UUID
) -> Response:
    """Read a paper itself, to be saved and not to be shown by a browser."""
    paper = await service.content(services, vendor_id, paper_id)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(paper['filename'], safe='')}",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(paper["content"], media_type=paper["media_type"], headers=headers)


@router.post(
    "/vendors/{vendor_id}/checks", status_code=201, responses=problems(401, 403, 404, 409, 422, 503)
)
async def check(services: Injected, caller: VendorReviewer, vendor_id: VendorId) -> ReviewOut:
    """Have the company of a vendor under review checked."""
    return await review.check(services, caller, vendor_id)


@router.post(
    "/vendors/{vendor_id}/decisions",
    response_model=ReviewOut,
    responses=problems(401, 403, 404, 409, *BODY, 503),
)
async def decide(
    services: Injected,
    caller: VendorReviewer,
    vendor_id: VendorId,
    wanted: DecisionIn,
    request: Keyed,
    trace_id: TraceId,
) -> Response:
    """Begin a review, decide it, or suspend a vendor; the vendor is told."""
    answer = await review.decide(services, request, caller, vendor_id, wanted, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.put("/vendors/{vendor_id}/payout-account", responses=problems(401, 403, 404, *BODY, 503))
async def pay_to(
    services: Injected, caller: VendorPayer, vendor_id: VendorId, wanted: PayoutAccountIn
) -> ReviewOut:
    """Say where a vendor's money goes."""
    return await review.pay_to(services, caller, vendor_id, wanted.account)
