"""Every route with every caller, as the OpenAPI document has them and the policy decides.

Who is nobody gets 401, who may not gets 403, who may gets something else, and what is somebody
else's is not there. A new route is tried without a change here; a new parameter of a path has to
be explained in `objects`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from storefront_api.platform.policy import POLICY, Permission, Role
from tests.contract.test_openapi_storefront import DOCUMENT, OPERATIONS, PUBLIC
from tests.integration.storefront.accounts import People, bearer
from tests.integration.storefront.callers import NOBODIES, Callers, permitted
from tests.integration.storefront.conftest import PARTNER, Database
from tests.integration.storefront.objects import Owned, Things, World, named, parameters
from tests.integration.storefront.samples import sample

Operation = dict[str, Any]
PROBLEM = {"type", "title", "status", "detail", "instance", "code", "field", "details"}
NAMED = [f"{method} {path}" for path, method, _ in OPERATIONS]


@pytest.fixture(scope="module")
def everybody(store_url: str, database: Database) -> Iterator[People]:
    people = People(store_url, database)
    yield people
    people.close()


@pytest.fixture(scope="module")
def callers(everybody: People, environment: dict[str, str]) -> Callers:
    return Callers(everybody, environment["PSEUDONYM_KEY"])


@pytest.fixture(scope="module")
def world(everybody: People) -> World:
    partner = everybody.client()
    partner.headers.update(bearer(PARTNER))
    return World(everybody, partner)


@pytest.fixture(scope="module")
def things(world: World) -> Things:
    return Things(world)


def sent(
    client: httpx.Client, method: str, path: str, operation: Operation, headers: dict[str, str]
) -> httpx.Response:
    """Send a request with all that the document says is required."""
    query: dict[str, Any] = {}
    extra = dict(headers)
    for parameter in operation.get("parameters", []):
        if parameter.get("required") and parameter["in"] == "query":
            query[parameter["name"]] = sample(parameter["schema"], DOCUMENT, parameter["name"])
        if parameter.get("required") and parameter["in"] == "header":
            extra[parameter["name"]] = uuid.uuid4().hex
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        body = sample(content["application/json"]["schema"], DOCUMENT)
        return read(
            client, client.build_request(method, path, json=body, params=query, headers=extra)
        )
    for media_type, media in content.items():
        extra["content-type"] = media_type
        text = sample(media["schema"], DOCUMENT)
        asked = client.build_request(method, path, content=text, params=query, headers=extra)
        return read(client, asked)
    return read(client, client.build_request(method, path, params=query, headers=extra))


def read(client: httpx.Client, asked: httpx.Request) -> httpx.Response:
    """Send a request and read its answer; of a stream of events, which has no end, its head."""
    answer = client.send(asked, stream=True)
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        answer.close()
        return httpx.Response(answer.status_code, headers=answer.headers)
    answer.read()
    return answer


def filled(path: str, things: Things) -> str:
    for parameter in parameters(path):
        path = re.sub(rf"{{{parameter}[^}}]*}}", things.of(path, parameter).value, path, count=1)
    return path


def is_refusal(answer: httpx.Response) -> bool:
    """Tell whether an answer is an error's one shape, and says nothing of what was asked for."""
    problem = answer.json()
    return set(problem) == PROBLEM and problem["details"] == []


def test_the_document_that_is_served_is_the_one_that_is_tried(world: World) -> None:
    served = world.people.client().get("/openapi.json").json()
    assert served["paths"].keys() == DOCUMENT["paths"].keys()


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=NAMED)
def test_a_route_answers_each_caller_as_the_policy_says(
    path: str,
    method: str,
    operation: Operation,
    callers: Callers,
    things: Things,
) -> None:
    client = callers.people.client()
    allowed = permitted(path, method)
    for who in (*NOBODIES, *Role):
        target = filled(path, things)
        answer = sent(client, method, target, operation, callers.headers(who))
        status = answer.status_code
        about = f"{who}: {status} {answer.text[:200]}"
        assert status < 500, about
        assert str(status) in operation["responses"], f"not documented: {about}"
        if path in PUBLIC:
            continue
        if who in NOBODIES:
            assert status == 401, about
            assert is_refusal(answer), about
        elif who not in allowed:
            assert status == 403, about
            assert is_refusal(answer), about
        else:
            assert status != 401 or answer.json()["field"].startswith("body."), about
            assert status != 403 or "may not do this" not in answer.text, about
            if answer.is_success and method != "get":
                callers.forget(who)


OWNED = [
    (path, method, operation)
    for path, method, operation in OPERATIONS
    if parameters(path) and path not in PUBLIC
]


@pytest.mark.parametrize(
    ("path", "method", "operation"), OWNED, ids=[f"{method} {path}" for path, method, _ in OWNED]
)
def test_what_is_somebody_elses_is_not_there(
    path: str,
    method: str,
    operation: Operation,
    callers: Callers,
    things: Things,
    world: World,
) -> None:
    kinds = {parameter: named(path, parameter) for parameter in parameters(path)}
    owned = {name: kind for name, kind in kinds.items() if isinstance(kind, Owned)}
    if not owned:
        return
    target = path
    for name, kind in owned.items():
        made = kind.make(world)
        target = target.replace(f"{{{name}}}", made.value)
    target = filled(target, things)
    seen_by = frozenset.intersection(*(kind.seen_by for kind in owned.values()))
    client = callers.people.client()
    for role in permitted(path, method) - seen_by:
        answer = sent(client, method, target, operation, callers.headers(role))
        assert answer.status_code != 422, (
            f"the body made from the schema was refused, give it an example: {answer.text}"
        )
        assert answer.status_code == 404, f"{role}: {answer.status_code} {answer.text[:200]}"
        assert is_refusal(answer)
    if method == "get":
        # Of an answer that goes on for as long as somebody listens, the beginning is enough.
        with made.owner.stream("GET", target) as shown:
            assert shown.status_code == 200, "nor does its owner see it"


def test_a_parameter_that_nobody_explained_fails_with_what_to_do() -> None:
    with pytest.raises(AssertionError, match="nobody says what {parcel_id} names and whose it is"):
        named("/parcels/{parcel_id}", "parcel_id")


def test_only_the_policy_and_nothing_else_decides_who_may_call() -> None:
    assert permitted("/account", "get") == POLICY[Permission.OWN_ACCOUNT]
    assert permitted("/orders/{order_id}", "get") == set(Role)
