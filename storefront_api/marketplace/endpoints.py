"""The marketplace over HTTP: one router of its parts' routers."""

from __future__ import annotations

from fastapi import APIRouter

from storefront_api.marketplace.commission.endpoints import router as commission
from storefront_api.marketplace.onboarding.endpoints import router as onboarding

router = APIRouter()
for part in (onboarding, commission):
    router.include_router(part)
