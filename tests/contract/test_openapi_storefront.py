"""The storefront's routes: each guarded or declared public, each with its errors documented."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from storefront_api.app import create_app
from storefront_api.platform.auth import Allow, public
from storefront_api.platform.policy import POLICY, Permission, Role
from storefront_api.settings import Settings

APP = create_app(Settings(_env_file=None))
DOCUMENT: dict[str, Any] = APP.openapi()
OPEN = {
    "/healthz",
    "/readyz",
    "/metrics",
    "/sessions",
    "/collect/beacon",
    "/tracker.js",
    "/products",
    "/products/{product_id}",
    "/products/{product_id}/scores",
    "/categories",
    "/variants/{sku}/offers",
    "/catalog/sustainability-rules",
    "/search",
    "/search/suggestions",
    "/accounts",
    "/accounts/verification",
    "/accounts/verification-mails",
    "/login",
    "/login/second-factor",
    "/password-resets",
    "/password-resets/confirmation",
    "/sessions/refresh",
    "/webhooks/disputes",
    "/webhooks/stripe",
    "/problems",
    "/problems/{code}",
    "/webhooks/carriers/{carrier}",
    "/packaging-options",
    "/notifications/unsubscribe/{token}",
    "/products/{product_id}/rating",
    "/products/{product_id}/reviews",
    "/vendors/{vendor_id}/followers",
}
UNDOCUMENTED = {"/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect", "/static-offline-docs"}


def routes(app: FastAPI) -> Iterator[APIRoute]:
    """Find every route, in included routers too, whatever they are wrapped in."""
    pending: list[Any] = list(app.router.routes)
    while pending:
        route = pending.pop()
        if isinstance(route, APIRoute):
            yield route
        else:
            inner = getattr(route, "original_router", None)
            pending.extend(getattr(inner, "routes", ()))


def calls(dependant: Dependant) -> Iterator[Any]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from calls(inner)


ROUTES = sorted(routes(APP), key=lambda route: route.path)
DEMANDED = {
    (route.path, method.lower()): {
        call.permission for call in calls(route.dependant) if isinstance(call, Allow)
    }
    for route in ROUTES
    for method in route.methods or ()
}
PUBLIC = {route.path for route in ROUTES if public in set(calls(route.dependant))}
OPERATIONS = [
    (path, method, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def test_every_documented_route_is_looked_at() -> None:
    assert DOCUMENT["paths"].keys() == {route.path for route in ROUTES} - UNDOCUMENTED


@pytest.mark.parametrize(("path", "method"), [(path, method) for path, method, _ in OPERATIONS])
def test_a_route_is_declared_public_or_demands_a_permission(path: str, method: str) -> None:
    demanded = DEMANDED[path, method]
    assert (path in PUBLIC) == (path in OPEN)
    # A route's header guards demand a credential once more, and nothing else.
    assert len(demanded - {Permission.CALL}) <= 1
    assert bool(demanded) == (path not in OPEN)


def test_every_permission_is_somebodys_and_demanded_somewhere() -> None:
    assert POLICY.keys() == set(Permission)
    assert all(POLICY.values())
    assert set().union(*DEMANDED.values()) == set(Permission)


def test_only_a_credential_is_demanded_of_everybody() -> None:
    assert [name for name, roles in POLICY.items() if roles == set(Role)] == [Permission.CALL]


def declared(operation: dict[str, Any]) -> set[str]:
    """Return the statuses whose body is declared as the one shape of errors."""
    found = set()
    for status, answer in operation["responses"].items():
        schema = answer.get("content", {}).get("application/problem+json", {}).get("schema", {})
        if schema.get("$ref", "").endswith("/Problem"):
            found.add(status)
    return found


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_a_route_documents_its_errors_in_the_one_shape(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    errors = {status for status in operation["responses"] if int(status) >= 400}
    assert errors == declared(operation)
    expected = {"500"}
    if path not in OPEN:
        expected |= {"401", "503"}
    if DEMANDED[path, method] - {Permission.CALL}:
        expected |= {"403"}
    if "requestBody" in operation:
        expected |= {"411", "413", "422"}
    if "parameters" in operation:
        expected |= {"422"}
    assert expected <= errors


@pytest.mark.parametrize("path", sorted(set(DOCUMENT["paths"]) - OPEN))
def test_a_guarded_route_documents_the_credential(path: str) -> None:
    assert all(operation["security"] for operation in DOCUMENT["paths"][path].values())


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_the_documentation_needs_no_other_host(page: str) -> None:
    # Without a context nothing starts, so nothing connects either.
    text = TestClient(APP).get(page).text
    assert "openapi.json" in text
    assert "http://" not in text
    assert "https://" not in text
