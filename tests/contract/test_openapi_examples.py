"""What the OpenAPI document shows: examples that hold, names that stay, and who may call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from storefront_api.collect.schemas import ClickIn
from storefront_api.events import Topic, schema_of
from tests.contract.test_openapi_storefront import DOCUMENT, OPEN, OPERATIONS, ROUTES

NOT_JSON = {"/metrics"}
"""Paths that answer with something else."""
NATURALLY_REPEATABLE = {
    "/sessions": "each call makes a session of its own, which nothing else refers to yet",
    "/catalog/imports": "states what the products are: the same again changes nothing",
    "/cart/merge": "the guest's cart is empty afterwards: twice is as good as once",
    "/checkouts/{checkout_id}/payment": "one payment for a checkout; asked again, the same",
    "/checkouts/{checkout_id}/complete": "a checkout becomes one order, whose id is its own",
    "/webhooks/stripe": "the provider's event ids are looked up: each is heeded once",
    "/webhooks/disputes": "each dispute has an id, and is recorded once",
    "/collect": "each click has an id; the warehouse counts ids",
}
"""Paths whose POST needs no idempotency key, and why."""


def bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    """Return every body of requests and good answers, with a name for it."""
    for path, method, operation in OPERATIONS:
        contents = [("request", operation.get("requestBody", {}).get("content", {}))]
        contents += [
            (status, answer.get("content", {})) for status, answer in operation["responses"].items()
        ]
        for what, content in contents:
            for media_type, media in content.items():
                if path not in NOT_JSON:
                    yield f"{method} {path} {what} {media_type}", media


@pytest.mark.parametrize(("name", "media"), list(bodies()))
def test_a_body_has_an_example_that_its_schema_takes(name: str, media: dict[str, Any]) -> None:
    schema = {**media["schema"], "components": DOCUMENT["components"]}
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(media["example"])


def test_the_store_takes_its_own_examples() -> None:
    refused = {}
    for route in ROUTES:
        if route.body_field is None:
            continue
        method = next(iter(route.methods or ()))
        operation = DOCUMENT["paths"][route.path_format][method.lower()]
        example = operation["requestBody"]["content"]["application/json"]["example"]
        _, errors = route.body_field.validate(example, {}, loc=("body",))
        if errors:
            refused[route.path] = errors
    assert refused == {}


def test_the_example_of_clicks_is_a_click() -> None:
    (click,) = DOCUMENT["components"]["schemas"]["Clicks"]["example"]["events"]
    stated = ClickIn.model_validate(click)
    schema_of(Topic.CLICKSTREAM, stated.type, stated.version).model_validate(
        {**stated.model_dump(), "received_at": stated.occurred_at}
    )


def test_good_answers_have_bodies() -> None:
    silent = {
        f"{method} {path}"
        for path, method, operation in OPERATIONS
        for status, answer in operation["responses"].items()
        if status.startswith("2") and status != "204" and not answer.get("content")
    }
    assert silent <= {f"get {path}" for path in NOT_JSON}


def test_an_operation_has_an_id_of_its_own_made_of_its_tag_and_its_name() -> None:
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(ids) == len(set(ids))
    for path, _, operation in OPERATIONS:
        (tag,) = operation["tags"]
        assert re.fullmatch(rf"{tag}_[a-z][a-z_]*", operation["operationId"]), path


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_an_operation_is_summed_up(path: str, method: str, operation: dict[str, Any]) -> None:
    assert len(operation["summary"].split()) > 2, f"{method} {path}: {operation['summary']}"
    assert operation["security"] == ([] if path in OPEN else [{"HTTPBearer": []}])


def test_the_document_names_the_server_and_the_credential() -> None:
    assert [server["url"] for server in DOCUMENT["servers"]] == ["/"]
    (scheme,) = DOCUMENT["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_answer_documents_its_headers(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    limited = "429" in operation["responses"]
    for status, answer in operation["responses"].items():
        names = set(answer["headers"])
        assert "X-Request-Id" in names
        assert ("Retry-After" in names) == (status in {"429", "503"})
        counted = limited and (status == "429" or status.startswith("2"))
        assert ({"RateLimit", "RateLimit-Policy"} <= names) == counted, f"{method} {path} {status}"


def test_a_post_has_a_key_or_may_be_repeated_as_it_is() -> None:
    keyed = {
        path
        for path, method, operation in OPERATIONS
        for parameter in operation.get("parameters", [])
        if method == "post" and parameter["name"] == "idempotency-key" and parameter["required"]
    }
    posts = {path for path, method, _ in OPERATIONS if method == "post"}
    assert not keyed & NATURALLY_REPEATABLE.keys()
    assert posts == keyed | NATURALLY_REPEATABLE.keys()
