"""The collector's answers, without the framework.

To find a route and to resolve what it depends on takes FastAPI ten times as long as the collector
takes to check a click. So what pages and partners send is answered before it gets there, by the
parts that other routes are made of, too; the framework's own routes document it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from storefront_api.collect import service
from storefront_api.collect.endpoints import COLLECTING, VISITING
from storefront_api.collect.keys import KEYED, key_of
from storefront_api.collect.schemas import Collected
from storefront_api.collect.visitors import visitor_of
from storefront_api.platform.auth import bearer_token, caller_of
from storefront_api.platform.errors import DATABASE_AWAY, StoreError, answer, database_away


class Collector:
    """Middleware that answers what is sent to the collector, and passes all else on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        route = _ROUTES.get(scope["path"]) if scope["type"] == "http" else None
        if route is None or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        try:
            collected = await route.collect(scope, receive)
        except StoreError as error:
            await answer(error)(scope, receive, send)
        except DATABASE_AWAY:
            await answer(database_away())(scope, receive, send)
        else:
            body = collected.model_dump_json().encode()
            headers = [
                (b"content-length", str(len(body)).encode()),
                (b"content-type", b"application/json"),
            ]
            await send({"type": "http.response.start", "status": 202, "headers": headers})
            await send({"type": "http.response.body", "body": body})


async def _clicks(scope: Scope, receive: Receive) -> Collected:
    headers = dict(scope["headers"])
    authorization = headers.get(b"authorization", b"").decode("latin-1")
    caller = await caller_of(scope, bearer_token(authorization))
    await COLLECTING.bind(scope, caller)
    visitor = visitor_of(scope, headers.get(b"user-agent", b"").decode("latin-1"))
    return await service.collect(
        scope["app"].state.services,
        caller,
        await _body(receive),
        scope["state"]["trace_id"],
        visitor,
    )


async def _beacon(scope: Scope, receive: Receive) -> Collected:
    await VISITING.bind(scope)
    await KEYED.bind(scope, key_of(scope))
    agent = dict(scope["headers"]).get(b"user-agent", b"").decode("latin-1")
    visitor = visitor_of(scope, agent)
    return await service.collect_beacon(
        scope["app"].state.services, await _body(receive), scope["state"]["trace_id"], visitor
    )


async def _body(receive: Receive) -> bytes:
    """Return the whole body; that it is not too large its stated length has told."""
    parts = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


class _Route(NamedTuple):
    path: str
    collect: Callable[[Scope, Receive], Awaitable[Collected]]


_ROUTES = {
    route.path: route for route in (_Route("/collect", _clicks), _Route("/collect/beacon", _beacon))
}
PATHS = tuple(_ROUTES)
