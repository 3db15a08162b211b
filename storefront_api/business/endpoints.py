"""Companies over HTTP."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from storefront_api.business import invoicing, quoting, service
from storefront_api.business.schemas import (
    CompanyIn,
    CompanyOut,
    InvoiceOut,
    ListIn,
    ListOut,
    MemberIn,
    MemberOut,
    QuoteIn,
    QuoteOut,
)
from storefront_api.platform.auth import BusinessBuyer, CompanyManager, Known
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.requests import Keyed
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["business"])


@router.post(
    "/companies",
    status_code=201,
    response_model=CompanyOut,
    responses=problems(401, 403, 409, *BODY, 503),
)
async def create(
    services: Injected, caller: CompanyManager, wanted: CompanyIn, request: Keyed, trace_id: TraceId
) -> Response:
    """Create a company that may buy on credit."""
    answer = await service.create(services, request, caller, wanted, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.put("/companies/{company_id}/members", responses=problems(401, 403, 404, 409, *BODY, 503))
async def set_member(
    services: Injected,
    caller: CompanyManager,
    company_id: UUID,
    wanted: MemberIn,
    trace_id: TraceId,
) -> MemberOut:
    """Let an account buy or approve for a company."""
    return await service.set_member(services, company_id, wanted, trace_id)


@router.put("/business/cart", responses=problems(401, 403, *BODY, 503))
async def fill_cart(
    services: Injected, caller: BusinessBuyer, wanted: ListIn, trace_id: TraceId
) -> ListOut:
    """Put a list of skus into the buyer's cart, all of it or nothing."""
    return await service.fill_cart(services, caller, wanted, trace_id)


@router.post(
    "/business/quotes",
    status_code=201,
    response_model=QuoteOut,
    responses=problems(401, 403, 409, *BODY, 503),
)
async def request_quote(
    services: Injected, caller: BusinessBuyer, wanted: QuoteIn, request: Keyed, trace_id: TraceId
) -> Response:
    """Quote the buyer's cart for the company; where no approver is needed, it is ordered."""
    answer = await quoting.request(services, request, caller, wanted, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.get("/business/quotes/{quote_id}", responses=problems(401, 403, 404, 422, 503))
async def read_quote(services: Injected, caller: BusinessBuyer, quote_id: UUID) -> QuoteOut:
    """Read a quote of the company."""
    return await quoting.read(services, caller, quote_id)


@router.post(
    "/business/quotes/{quote_id}/approval", responses=problems(401, 403, 404, 409, 422, 503)
)
async def approve(
    services: Injected, caller: BusinessBuyer, quote_id: UUID, trace_id: TraceId
) -> QuoteOut:
    """Approve a quote of the company: it becomes the order of the same id, with an invoice."""
    return await quoting.approve(services, caller, quote_id, trace_id)


@router.get("/invoices/{invoice_id}", responses=problems(401, 404, 422, 503))
async def read_invoice(services: Injected, caller: Known, invoice_id: UUID) -> InvoiceOut:
    """Read an invoice of the company, or as staff any."""
    return await invoicing.read(services, caller, invoice_id)


@router.post("/invoices/{invoice_id}/payment", responses=problems(401, 403, 404, 422, 503))
async def pay(
    services: Injected, caller: CompanyManager, invoice_id: UUID, trace_id: TraceId
) -> InvoiceOut:
    """Note that an invoice was paid; twice is as good as once."""
    return await invoicing.pay(services, caller, invoice_id, trace_id)
