"""Checkouts over HTTP."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response

from storefront_api.checkouts import completion, notices, quoting, service
from storefront_api.checkouts.schemas import (
    CheckoutIn,
    CheckoutOut,
    NoticeOut,
    PaymentOut,
    QuoteIn,
    QuoteOut,
)
from storefront_api.platform.auth import Shopper, public
from storefront_api.platform.errors import BODY, UnauthenticatedError, problems
from storefront_api.platform.limits import limited
from storefront_api.platform.payment_provider import ForgedNoticeError
from storefront_api.platform.requests import Keyed
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["checkouts"])


@router.post(
    "/checkouts",
    status_code=201,
    response_model=CheckoutOut,
    dependencies=[limited("ordering")],
    responses=problems(401, 403, 409, *BODY, 503),
)
async def open_checkout(
    services: Injected, caller: Shopper, wanted: CheckoutIn, request: Keyed, trace_id: TraceId
) -> Response:
    """Keep stock and codes for what is in the cart, until it is paid or the time is over."""
    answer = await service.open_checkout(services, request, caller, wanted, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.post("/quotes", responses=problems(401, 403, 409, *BODY, 503))
async def quote(services: Injected, caller: Shopper, wanted: QuoteIn) -> QuoteOut:
    """Price the cart, line by line, without keeping anything for it."""
    return await quoting.quote(services, caller, wanted)


@router.get("/checkouts/{checkout_id}", responses=problems(401, 403, 404, 422, 503))
async def read(services: Injected, caller: Shopper, checkout_id: UUID) -> CheckoutOut:
    """Read a checkout of the shopper's."""
    return service.shown(await service.find(services, caller, checkout_id))


@router.delete("/checkouts/{checkout_id}", responses=problems(401, 403, 404, 409, 422, 503))
async def cancel(
    services: Injected, caller: Shopper, checkout_id: UUID, trace_id: TraceId
) -> CheckoutOut:
    """Cancel an open checkout: what was kept for it is free again."""
    return service.shown(await service.cancel(services, caller, checkout_id, trace_id))


@router.post(
    "/checkouts/{checkout_id}/payment",
    dependencies=[limited("paying")],
    responses=problems(401, 403, 404, 409, 422, 503),
)
async def pay(services: Injected, caller: Shopper, checkout_id: UUID) -> PaymentOut:
    """Begin the payment, or tell how far it is: the client pays with the provider, not here."""
    intent = await completion.pay(services, await service.find(services, caller, checkout_id))
    return PaymentOut(
        intent_id=intent.intent_id,
        client_secret=intent.client_secret,
        status=intent.status,
        amount_minor=intent.amount_minor,
        currency=intent.currency,
    )


@router.post(
    "/checkouts/{checkout_id}/complete",
    dependencies=[limited("paying")],
    responses=problems(401, 403, 404, 409, 422, 503),
)
async def complete(
    services: Injected, caller: Shopper, checkout_id: UUID, trace_id: TraceId
) -> CheckoutOut:
    """Make the order of a paid checkout; it has the checkout's id. The webhook does the same."""
    await completion.complete(services, await service.find(services, caller, checkout_id), trace_id)
    return service.shown(await service.find(services, caller, checkout_id))


@router.post(
    "/webhooks/stripe",
    dependencies=[Depends(public)],
    responses=problems(401, *BODY, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    },
)
async def notice(
    services: Injected,
    http: Request,
    trace_id: TraceId,
    stripe_signature: Annotated[str, Header(max_length=1000)],
) -> NoticeOut:
    """Take a signed event of the payment provider; it may come twice, late or never."""
    try:
        told = services.provider.notice(await http.body(), stripe_signature)
    except ForgedNoticeError as error:
        raise UnauthenticatedError(str(error), field="header.Stripe-Signature") from error
    handled = told is not None and await notices.take(services, told, trace_id)
    return NoticeOut(handled=handled)
