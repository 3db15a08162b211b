"""Files of products over HTTP."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from storefront_api.catalog.bulk import service
from storefront_api.catalog.bulk.schemas import BulkOut
from storefront_api.platform.auth import CatalogManager
from storefront_api.platform.errors import BODY, InvalidError, problems
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter()
CSV = {"text/csv": {"schema": {"type": "string"}}}
_BODY = {"requestBody": {"required": True, "content": CSV}}


@router.post("/catalog/bulk", responses=problems(401, 403, *BODY, 503), openapi_extra=_BODY)
async def import_file(
    services: Injected, caller: CatalogManager, request: Request, trace_id: TraceId
) -> BulkOut:
    """Bring a CSV file of variants in: the good rows are done, the others named with their rule."""
    kind, _, rest = request.headers.get("content-type", "").lower().partition(";")
    charset = rest.replace('"', "").replace(" ", "")
    if kind.strip() != "text/csv" or charset not in {"", "charset=utf-8", "charset=utf8"}:
        raise InvalidError("must be text/csv, in UTF-8", field="header.Content-Type")
    return await service.import_file(services, request.stream(), trace_id)


@router.get(
    "/catalog/bulk",
    response_class=StreamingResponse,
    responses={200: {"content": CSV}, **problems(401, 403, 503)},
)
async def export(services: Injected, caller: CatalogManager) -> StreamingResponse:
    """Write the variants on offer as a CSV file, which an import takes without a change."""
    headers = {"Content-Disposition": 'attachment; filename="products.csv"'}
    return StreamingResponse(
        service.export(services), media_type="text/csv; charset=utf-8", headers=headers
    )
