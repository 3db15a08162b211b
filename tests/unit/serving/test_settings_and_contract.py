"""Settings and the OpenAPI document say what is allowed, without any service."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from serving.app import create_app
from serving.settings import Settings

ROUTES = {
    "/v1/recommendations": ("get", {"422"}),
    "/v1/fraud/score": ("post", {"422", "503"}),
    "/v1/forecasts/{sku}": ("get", {"404", "422", "503"}),
    "/v1/footprint": ("post", {"422", "503"}),
    "/v1/metrics/{name}": ("get", {"404", "422", "503"}),
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(Settings()).openapi()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("VALKEY_URL", "127.0.0.1:6379"),
        ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1"),
        ("ARTIFACTS_POLL_S", "0"),
        ("FEATURES_TIMEOUT_MS", "soon"),
        ("DECISION_QUEUE", "0"),
    ],
)
def test_a_bad_setting_is_refused_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValidationError, match=variable.lower()):
        create_app()


@pytest.mark.parametrize("path", ROUTES)
def test_every_error_of_a_route_is_documented_in_one_shape(
    document: dict[str, Any], path: str
) -> None:
    method, errors = ROUTES[path]
    responses = document["paths"][path][method]["responses"]
    assert set(responses) == {"200", *errors}
    for status in errors:
        content = responses[status]["content"]
        assert list(content) == ["application/problem+json"]
        body = content["application/problem+json"]
        assert body["schema"] == {"$ref": "#/components/schemas/Problem"}
        for example in body["examples"].values():
            assert example["value"]["status"] == int(status)


def test_every_request_has_an_example_and_every_answer_a_description(
    document: dict[str, Any],
) -> None:
    for path, (method, _) in ROUTES.items():
        operation = document["paths"][path][method]
        assert operation["description"]
        if method == "post":
            assert operation["requestBody"]["content"]["application/json"]["examples"]


def test_the_docs_page_needs_no_other_host() -> None:
    app = create_app(Settings())
    paths = {getattr(route, "path", "") for route in app.routes}
    assert {"/docs", "/static-offline-docs"} <= paths
