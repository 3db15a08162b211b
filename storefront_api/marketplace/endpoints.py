"""The marketplace over HTTP: one router of its parts' routers."""

from __future__ import annotations

from fastapi import APIRouter

from storefront_api.marketplace.accounts.endpoints import router as accounts
from storefront_api.marketplace.commission.endpoints import router as commission
from storefront_api.marketplace.onboarding.endpoints import router as onboarding
from storefront_api.marketplace.payouts.endpoints import router as payouts
from storefront_api.marketplace.stock.endpoints import router as stock
from storefront_api.marketplace.trade.endpoints import router as trade

router = APIRouter()
for part in (onboarding, commission, trade, stock, accounts, payouts):
    router.include_router(part)
