"""Erasure and export over HTTP, for oneself, and for super admins."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from storefront_api.platform.auth import DataOwner, Eraser
from storefront_api.platform.errors import problems
from storefront_api.platform.limits import limited
from storefront_api.platform.tracing import TraceId
from storefront_api.privacy import service
from storefront_api.privacy.schemas import ErasureOut
from storefront_api.services import Injected

router = APIRouter(tags=["privacy"], prefix="/privacy")
Subject = Annotated[str, Path(pattern="^p-[0-9a-f]{24}$", description="A pseudonym.")]
ZIP = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}


@router.delete(
    "/subjects/{subject}",
    status_code=202,
    dependencies=[limited("privacy")],
    responses=problems(401, 403, 404, 409, 422, 503),
)
async def erase(
    services: Injected, caller: DataOwner, subject: Subject, trace_id: TraceId
) -> ErasureOut:
    """Erase somebody: from the store at once, from what follows its events thereafter."""
    return await service.erase(services, caller, subject, trace_id)


@router.get(
    "/subjects/{subject}/export",
    response_class=Response,
    dependencies=[limited("privacy")],
    responses={200: {"content": ZIP}, **problems(401, 403, 404, 422, 503)},
)
async def export(services: Injected, caller: DataOwner, subject: Subject) -> Response:
    """Hand out all that the store holds of somebody: a ZIP archive with JSON files."""
    content = await service.export(services, caller, subject)
    headers = {"Content-Disposition": 'attachment; filename="export.zip"'}
    return Response(content, media_type="application/zip", headers=headers)


@router.get("/erasures/{erasure_id}", responses=problems(401, 403, 404, 422, 503))
async def receipt(services: Injected, caller: Eraser, erasure_id: UUID) -> ErasureOut:
    """Read the receipt of an erasure."""
    return await service.receipt_of(services, erasure_id)
