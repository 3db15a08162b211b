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

NOT_JSON = {"/metrics", "/tracker.js"}
"""Paths that answer with something else."""
PERSONAL = {"/products", "/search"}
"""Public paths that answer an account otherwise than everybody else."""
NATURALLY_REPEATABLE = {
    "/sessions": "each call makes a session of its own, which nothing else refers to yet",
    "/catalog/imports": "states what the products are: the same again changes nothing",
    "/cart/merge": "the guest's cart is empty afterwards: twice is as good as once",
    "/checkouts/{checkout_id}/payment": "one payment for a checkout; asked again, the same",
    "/checkouts/{checkout_id}/complete": "a checkout becomes one order, whose id is its own",
    "/webhooks/stripe": "the provider's event ids are looked up: each is heeded once",
    "/webhooks/disputes": "each dispute has an id, and is recorded once",
    "/collect": "each click has an id; the warehouse counts ids",
    "/collect/beacon": "each click has an id; the warehouse counts ids",
    "/accounts": "one account for an address; again, another mail at most, and those are limited",
    "/accounts/verification": "a mailed token is used up: again, it is unknown",
    "/accounts/verification-mails": "another mail at most, and those are limited",
    "/password-resets": "another mail at most, and those are limited",
    "/password-resets/confirmation": "a mailed token is used up: again, it is unknown",
    "/login": "each login is a session of its own, which its owner sees and may end",
    "/login/second-factor": "a login is finished once, and a code is used up",
    "/logout": "the session is over: again, there is none",
    "/sessions/refresh": "a refresh token that comes twice ends its session, as RFC 9700 has it",
    "/account/password": "the old password is not right any more: again, it is refused",
    "/account/second-factor": "begun anew, until it is confirmed: the last secret counts",
    "/account/second-factor/confirmation": "a code is used up, and a confirmed factor stays",
    "/account/second-factor/removal": "what is removed is not there: again, it is refused",
    "/staff/accounts/search": "a question; it is no GET since addresses are logged",
    "/giftcards/balance": "a question; it is no GET since addresses are logged",
    "/quotes": "a question about the cart, which keeps nothing",
    "/business/quotes/{quote_id}/approval": "an approved quote stays the one order that it became",
    "/invoices/{invoice_id}/payment": "an invoice is paid once, and stays so",
    "/catalog/bulk": "states what the variants are: the same again changes nothing",
    "/catalog/products/{product_id}/variants": "a sku is there once: again, it is refused",
    "/catalog/products/{product_id}/archive": "what is archived stays so",
    "/catalog/products/{product_id}/restore": "what is offered stays so",
    "/catalog/scores": "a product is scored once by each version of the rules and its facts",
    "/notifications/unsubscribe/{token}": "who is sent nothing stays so",
    "/returns/{return_id}/approve": "a return is decided once: again, it is refused",
    "/returns/{return_id}/reject": "a return is rejected once: again, it is refused",
    "/shipments/{shipment_id}/pack": "a shipment is packed once: again, it is refused",
    "/shipments/{shipment_id}/label": "a label is bought once, under a key of the shipment's own",
    "/shipments/{shipment_id}/scans": "the same scan again changes nothing",
    "/webhooks/carriers/{carrier}": "the same scan again changes nothing",
    "/vendor-applications/{vendor_id}/papers": "the same content of the same kind is kept once",
    "/vendor-applications/{vendor_id}/resubmissions": "it waits for a review then: again, refused",
    "/vendor/stock-files": "a file is known by its digest: the same again changes nothing",
    "/vendors/{vendor_id}/checks": "each is a check of its own, of which the last counts",
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
    body = DOCUMENT["paths"]["/collect"]["post"]["requestBody"]["content"]["application/json"]
    (click,) = body["example"]["events"]
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
    needed: list[dict[str, list[str]]] = [] if path in OPEN else [{"HTTPBearer": []}]
    assert operation["security"] == ([{}, {"HTTPBearer": []}] if path in PERSONAL else needed)


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
