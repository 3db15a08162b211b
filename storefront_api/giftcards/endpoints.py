"""Gift cards over HTTP; checkouts take their codes."""

from __future__ import annotations

from fastapi import APIRouter, Response

from storefront_api.giftcards import service
from storefront_api.giftcards.schemas import CodeIn, GiftcardIn, GiftcardIssued, GiftcardOut
from storefront_api.platform.auth import GiftCardIssuer, Shopper
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.requests import Keyed
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["gift cards"])


@router.post(
    "/giftcards",
    status_code=201,
    response_model=GiftcardIssued,
    responses=problems(401, 403, 409, *BODY, 503),
)
async def issue(
    services: Injected,
    caller: GiftCardIssuer,
    wanted: GiftcardIn,
    request: Keyed,
    trace_id: TraceId,
) -> Response:
    """Issue a gift card; its code is shown this once."""
    answer = await service.issue(services, request, wanted, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.post("/giftcards/balance", responses=problems(401, 403, 404, *BODY, 503))
async def balance(services: Injected, caller: Shopper, wanted: CodeIn) -> GiftcardOut:
    """Tell whoever has a gift card's code what is on it."""
    return await service.read(services, wanted.code)
