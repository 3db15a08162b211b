"""The ledger over HTTP, for the store's staff."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from storefront_api.ledger import service
from storefront_api.ledger.schemas import TransferOut, TrialBalanceOut
from storefront_api.platform.auth import LedgerReader
from storefront_api.platform.errors import problems
from storefront_api.services import Injected

router = APIRouter(tags=["ledger"])


@router.get("/ledger/trial-balance", responses=problems(401, 403, 503))
async def trial_balance(services: Injected, caller: LedgerReader) -> TrialBalanceOut:
    """Add up everything that was posted: in each unit, debits and credits are equal."""
    return await service.trial_balance(services)


@router.get("/ledger/transfers", responses=problems(401, 403, 404, 422, 503))
async def transfer_of(
    services: Injected,
    caller: LedgerReader,
    reference: Annotated[
        str, Query(min_length=1, max_length=200, description="For example `order/<id>`.")
    ],
) -> TransferOut:
    """Read what one cause has moved."""
    return await service.transfer_of(services, reference)
