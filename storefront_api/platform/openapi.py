"""The OpenAPI document, completed: what is the same for every route is said once, here."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from storefront_api.platform.errors import MEDIA_TYPE, kinds, titled, type_of
from storefront_api.platform.examples import UUID_7, Examples
from storefront_api.platform.limits import LIMITS, Limit

_PROBLEM = "#/components/schemas/Problem"
_HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-Id": {
        "description": "Id of the request: the caller's, if it stated a well-formed one.",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "Seconds after which to ask again.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "RateLimit-Policy": {
        "description": "The limit: its name, requests at once (q), seconds to regain them (w). "
        "draft-ietf-httpapi-ratelimit-headers. Left out where nothing is counted.",
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": "Where the caller stands: requests left (r), seconds to regain all (t).",
        "schema": {"type": "string"},
    },
    "Link": {
        "description": 'The next page, as `<…>; rel="next"`; left out on the last one.',
        "schema": {"type": "string"},
    },
}
_RETRIED = {"429", "503"}
_Document = dict[str, Any]


def operation_id(route: APIRoute) -> str:
    """Return an operation's id: its first tag and the function's name, whatever its path is."""
    return "_".join([*map(str, route.tags[:1]), route.name])


def install(app: FastAPI) -> None:
    """Have an application give the completed document."""
    written = app.openapi

    def completed() -> _Document:
        if app.openapi_schema is None:
            _complete(written(), _limits(app))
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = completed  # type: ignore[method-assign]


def _limits(app: FastAPI) -> dict[tuple[str, str], str]:
    """Return the name of the limit that bounds an operation, by path and method."""
    found = {}
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            for guard in _guards(route.dependant):
                if isinstance(guard, Limit):
                    for method in route.methods or ():
                        found[route.path_format, method.lower()] = guard.name
    return found


def _guards(dependant: Dependant) -> Iterator[Any]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _guards(inner)


def _complete(document: _Document, limits: dict[tuple[str, str], str]) -> None:
    parts = document["components"]["schemas"]
    document["components"]["headers"] = dict(_HEADERS)
    examples = Examples(parts)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["summary"] = _summary(operation)
            operation.setdefault("security", [])
            limit = limits.get((path, method), "")
            if limit:
                _bound(operation, limit)
            for media in operation.get("requestBody", {}).get("content", {}).values():
                media.setdefault("example", examples.of(media["schema"], sparse=True))
            paged = any(each["name"] == "after" for each in operation.get("parameters", []))
            for status, response in operation["responses"].items():
                _describe(status, response, bool(limit), paged)
                for media in response.get("content", {}).values():
                    if "example" not in media and media.get("schema"):
                        media["example"] = examples.of(media["schema"])


def _summary(operation: _Document) -> str:
    first = str(operation["description"]).partition("\n")[0]
    return first.partition(". ")[0].rstrip(".")


def _bound(operation: _Document, limit: str) -> None:
    rate = LIMITS[limit]
    exempt = f"; not for {', '.join(sorted(rate.exempt))}" if rate.exempt else ""
    operation["description"] += (
        f"\n\nLimited with its like ({limit}): {rate.burst} requests at once and {rate.per_s:g} "
        f"a second for each caller{exempt}."
    )
    operation["responses"]["429"] = {
        "description": HTTPStatus.TOO_MANY_REQUESTS.phrase,
        "content": {"application/json": {"schema": {"$ref": _PROBLEM}}},
    }


def _describe(status: str, response: _Document, limited: bool, paged: bool) -> None:
    content = response.get("content", {})
    # A route that answers with a page or a file is given its media type for its errors, too.
    for name in [n for n, c in content.items() if c.get("schema", {}).get("$ref") == _PROBLEM]:
        content[MEDIA_TYPE] = content.pop(name)
        content[MEDIA_TYPE]["example"] = _problem(int(status))
    names = ["X-Request-Id"]
    if status in _RETRIED:
        names.append("Retry-After")
    if limited and (status == "429" or status.startswith("2")):
        names += ["RateLimit-Policy", "RateLimit"]
    if paged and status == "200":
        names.append("Link")
    headers = response.setdefault("headers", {})
    headers |= {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _problem(status: int) -> _Document:
    """Return the most general problem of a status."""
    kind = min(
        (kind for kind in kinds().values() if kind.status == status),
        key=lambda kind: (len(kind.mro()), kind.code),
    )
    return {
        "type": type_of(kind.code),
        "title": titled(kind.code),
        "status": status,
        "detail": str(kind.__doc__).partition("\n")[0],
        "instance": UUID_7,
        "code": kind.code,
        "field": "",
        "details": [],
    }
