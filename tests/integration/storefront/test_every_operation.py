"""Requests made up from the OpenAPI document, against the running store: what it says holds.

A new route is covered as soon as it is in the document. Nothing here is drawn anew each time: the
same document gives the same requests.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from storefront_api.app import create_app
from storefront_api.settings import Settings
from tests.integration.storefront.accounts import People, bearer
from tests.integration.storefront.callers import Callers, permitted
from tests.integration.storefront.conftest import PARTNER, Database
from tests.integration.storefront.objects import Things, World, parameters

EXAMPLES = 4
"""Requests for each operation, beside those for the edges of its parameters."""
ENDING = {"logout", "account", "sessions", "privacy"}
"""Parts of paths whose routes may end a caller's session."""
DOCUMENT = create_app(Settings(_env_file=None)).openapi()
SCHEMA = schemathesis.openapi.from_dict(
    DOCUMENT,
    config=schemathesis.Config.from_dict(
        {
            "generation": {"max-examples": EXAMPLES, "deterministic": True, "database": "none"},
            "phases": {"coverage": {"enabled": True}},
            "checks": {
                # Numbers are read as pydantic reads them: true is 1, and "5" is 5.
                "negative_data_rejection": {"enabled": False},
                # Stock, codes and owners refuse what a schema cannot: 409, 404 and 422 are right.
                "positive_data_acceptance": {"enabled": False},
                "use_after_free": {"enabled": False},
                "ensure_resource_availability": {"enabled": False},
            },
        }
    ),
)


@schemathesis.serializer("application/pdf", "image/jpeg", "image/png", "text/csv")
def raw(_: object, body: object) -> bytes:
    """Send a file as it was made up."""
    data = getattr(body, "data", body)
    return data if isinstance(data, bytes) else str(data).encode("utf-8", "surrogatepass")


@dataclass(frozen=True)
class Stage:
    """Who calls, and what is there."""

    callers: Callers
    things: Things


@pytest.fixture(scope="module")
def stage(
    store_url: str, database: Database, environment: dict[str, str], provider_process: object
) -> Iterator[Stage]:
    people = People(store_url, database)
    partner = people.client()
    partner.headers.update(bearer(PARTNER))
    callers = Callers(people, environment["PSEUDONYM_KEY"])
    yield Stage(callers, Things(World(people, partner)))
    people.close()


def streams(path: str) -> bool:
    """Tell whether a path answers with events without end."""
    answers = DOCUMENT["paths"][path].get("get", {}).get("responses", {}).values()
    return any("text/event-stream" in answer.get("content", {}) for answer in answers)


def drawn(case: schemathesis.Case[Any]) -> int:
    """Return a number that is the same whenever the same request is made up."""
    parts = (case.path_parameters, case.query, case.headers, case.body)
    return zlib.crc32(repr(parts).encode())


@SCHEMA.parametrize()
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_an_operation_keeps_to_the_document(
    case: schemathesis.Case[Any], store_url: str, stage: Stage
) -> None:
    # Of requests with methods that there are not, too.
    path, method, number = case.operation.path, case.operation.method, drawn(case)
    if number % 2 and not streams(path):
        for name in case.path_parameters.keys() & set(parameters(path)):
            case.path_parameters[name] = stage.things.of(path, name).value
    who = sorted(permitted(path, method.lower()))
    caller = who[number // 2 % len(who)]
    answer = case.call_and_validate(store_url, headers=stage.callers.headers(caller))
    if 200 <= answer.status_code < 300 and ENDING & set(path.split("/")):
        stage.callers.forget(caller)


def test_every_test_has_an_id_of_its_own(request: pytest.FixtureRequest) -> None:
    # Tests that are shared out among processes are told apart by it: of two, one would be lost.
    found = [item.nodeid for item in request.session.items]
    assert len(found) == len(set(found)) > len(DOCUMENT["paths"])
