"""Orders as a till states them: by a partner, for somebody."""

from __future__ import annotations

from typing import Any

import httpx

from tests.integration.storefront.accounting import GATE
from tests.integration.storefront.accounts import bearer
from tests.integration.storefront.conftest import PARTNER
from tests.integration.storefront.goods import key


def subject_of(client: httpx.Client) -> str:
    """Return the pseudonym of a guest or of a signed-in account."""
    token = client.headers["Authorization"].removeprefix("Bearer ")
    if token.startswith("a."):
        return str(client.get("/account").json()["subject"])
    return GATE.guest(token).subject


def stated(whose: httpx.Client, body: dict[str, Any], **headers: str) -> httpx.Response:
    """State an order of somebody's at the storefront that the client talks to.

    Parameters
    ----------
    whose
        Whose it is, unless the order names its subject.
    headers
        Beside the partner's credential; a new idempotency key if there is none.
    """
    wanted = body if "subject" in body else body | {"subject": subject_of(whose)}
    return whose.post("/orders", json=wanted, headers=key() | headers | bearer(PARTNER))
