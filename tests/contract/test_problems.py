"""The kinds of errors, and the page that lists them."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from storefront_api.app import create_app
from storefront_api.platform.errors import StoreError, kinds
from storefront_api.problems import PAGE, page
from storefront_api.settings import Settings

WRITTEN = page()
CLIENT = TestClient(create_app(Settings(_env_file=None)))


def classes(of: type[StoreError] = StoreError) -> list[type[StoreError]]:
    """Return a class of errors and all below it."""
    return [of, *(found for below in of.__subclasses__() for found in classes(below))]


def test_the_page_is_in_step_with_the_code() -> None:
    assert PAGE.read_text("utf-8") == WRITTEN, "run python -m storefront_api.problems"


def test_a_code_is_of_one_class_only() -> None:
    codes = [error.code for error in classes() if "code" in vars(error)]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize("error", classes(), ids=lambda error: error.__name__)
def test_a_kind_of_error_says_what_it_means(error: type[StoreError]) -> None:
    assert re.fullmatch("[a-z][a-z_]+", error.code)
    assert 400 <= error.status < 600
    assert error.__doc__ != (error.__mro__[1].__doc__ or "")
    assert str(error.__doc__).partition("\n")[0].endswith((".", ";", ","))


def test_a_type_leads_to_what_it_means() -> None:
    every = CLIENT.get("/problems").json()
    assert [kind["code"] for kind in every] == list(kinds())
    for kind in every:
        assert CLIENT.get(kind["type"]).json() == kind
    missing = CLIENT.get("/problems/nothing")
    assert (missing.status_code, missing.json()["field"]) == (404, "path.code")


def test_what_is_not_text_is_refused_as_a_body() -> None:
    answer = CLIENT.post(
        "/webhooks/disputes",
        content=b"\xff",
        headers={"Content-Type": "application/json", "X-Signature": "t"},
    )
    assert (answer.status_code, answer.json()["field"]) == (422, "body")


def test_a_refused_method_is_told_every_method_that_is_not() -> None:
    answer = CLIENT.patch("/checkouts/1")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET")
    assert answer.json()["code"] == "method_not_allowed"
