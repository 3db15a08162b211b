"""Roles over HTTP, for super admins."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from storefront_api.identity import roles
from storefront_api.identity.schemas import EmailIn, FoundAccountOut, RoleIn
from storefront_api.platform.auth import RoleManager
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter()


@router.post("/staff/accounts/search", responses=problems(401, 403, 404, *BODY, 503))
async def find(services: Injected, caller: RoleManager, wanted: EmailIn) -> FoundAccountOut:
    """Find an account by its e-mail address, which is in no path, so that no log has it."""
    return await roles.find(services, wanted.email)


@router.put(
    "/staff/accounts/{account_id}/role",
    status_code=204,
    responses=problems(401, 403, 404, 409, *BODY, 503),
)
async def give_role(
    services: Injected, caller: RoleManager, account_id: UUID, wanted: RoleIn, trace_id: TraceId
) -> None:
    """Give an account a role in place of the one it has; live sessions have it at once."""
    by = caller.subject
    await roles.change(services, by, account_id, wanted.role, wanted.vendor_id, trace_id)
