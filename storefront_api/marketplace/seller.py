"""The vendor that a caller works for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from storefront_api.platform.auth import Seller
from storefront_api.platform.errors import ForbiddenError


async def _works_for(caller: Seller) -> str:
    if not caller.vendor_id:
        raise ForbiddenError("this credential names no vendor", field="header.Authorization")
    return caller.vendor_id


OwnVendor = Annotated[str, Depends(_works_for)]
"""The id of the caller's vendor; every query of a vendor's route is asked for it alone."""
