"""The way out of messages over HTTP."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from fastapi.responses import HTMLResponse
from jinja2 import Template

from storefront_api.notifications import unsubscribing
from storefront_api.notifications.schemas import SuppressionIn, SuppressionOut
from storefront_api.notifications.writing import environment
from storefront_api.platform.auth import SuppressionManager, public
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected

router = APIRouter(tags=["notifications"])

Token = Annotated[str, Path(max_length=400, description="From a message's unsubscribe link.")]

_PAGE: dict[int | str, dict[str, Any]] = {200: {"description": "A page for people."}}


@cache
def _page() -> Template:
    return environment().get_template("unsubscribe.html")


@router.get(
    "/notifications/unsubscribe/{token}",
    dependencies=[Depends(public)],
    response_class=HTMLResponse,
    responses={**_PAGE, **problems(404, 422)},
)
async def ask(services: Injected, token: Token) -> HTMLResponse:
    """Show what the link of a message stands for; it changes nothing, as programs follow links."""
    _, category = unsubscribing.preferences_of(services).read(token)
    return HTMLResponse(_page().render(category=category.value, done=False))


@router.post(
    "/notifications/unsubscribe/{token}",
    dependencies=[Depends(public)],
    response_class=HTMLResponse,
    responses={**_PAGE, **problems(404, 422, 503)},
)
async def unsubscribe(services: Injected, token: Token, trace_id: TraceId) -> HTMLResponse:
    """Send the reader no more such messages: one click, by RFC 8058."""
    await unsubscribing.unsubscribe(services, token, trace_id)
    _, category = unsubscribing.preferences_of(services).read(token)
    return HTMLResponse(_page().render(category=category.value, done=True))


@router.put("/notifications/suppressions", responses=problems(401, 403, *BODY, 503))
async def suppress(
    services: Injected, _: SuppressionManager, wanted: SuppressionIn, trace_id: TraceId
) -> SuppressionOut:
    """Take note of a bounce or a complaint that came later, or let messages through again."""
    return SuppressionOut(changed=await unsubscribing.change(services, wanted, trace_id))
