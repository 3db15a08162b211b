"""Requests made up from the OpenAPI document, against the running store: what it says holds.

A new route is covered as soon as it is in the document. Nothing here is drawn anew each time: the
same document gives the same requests.
"""

from __future__ import annotations

import zlib
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from storefront_api.app import create_app
from storefront_api.settings import Settings
from tests.integration.storefront.conftest import PARTNER
from tests.integration.storefront.goods import key, line, new_sku, order

EXAMPLES = 12
"""Requests for each operation, beside those for the edges of its parameters."""
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


@pytest.fixture(scope="module")
def known(store_url: str, provider_process: object) -> dict[str, str]:
    """Things that are there, by the name of the path's parameter that leads to them."""
    headers = {"Authorization": f"Bearer {PARTNER}"}
    with httpx.Client(base_url=store_url, headers=headers, timeout=60) as partner:
        sku = new_sku(partner)
        placed = partner.post("/orders", json=order(line(sku), subject="s-1"), headers=key()).json()
        return {"sku": sku, "product_id": f"product-{sku}", "order_id": placed["order_id"]}


@pytest.fixture(scope="module")
def callers(store_url: str) -> tuple[str, str]:
    """Tokens of a partner and of a shopper."""
    return PARTNER, httpx.post(f"{store_url}/sessions", timeout=60).json()["token"]


def drawn(case: schemathesis.Case[Any]) -> int:
    """Return a number that is the same whenever the same request is made up."""
    parts = (case.path_parameters, case.query, case.headers, case.body)
    return zlib.crc32(repr(parts).encode())


@SCHEMA.parametrize()
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_an_operation_keeps_to_the_document(
    case: schemathesis.Case[Any], store_url: str, known: dict[str, str], callers: tuple[str, str]
) -> None:
    number = drawn(case)
    if number % 2:
        for name in case.path_parameters.keys() & known.keys():
            case.path_parameters[name] = known[name]
    token = callers[number // 2 % 2]
    case.call_and_validate(store_url, headers={"Authorization": f"Bearer {token}"})
