"""Whatever is sent to the collector: no failure of the store, and no neighbour is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import uuid_utils
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storefront_api.events import Event, Topic
from tests.integration import plain
from tests.integration.storefront.conftest import PARTNER

EXAMPLES = 60
PATHS = st.sampled_from(["/collect", "/collect/beacon?key=storefront"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["\ud800", "\x00", "x" * 70_000, "2026-03-01T09:30:00Z", -1, 2**64]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


def click() -> dict[str, Any]:
    return {
        "id": str(uuid_utils.uuid7()),
        "type": "product_viewed",
        "occurred_at": "2026-03-01T09:30:00.123Z",
        "data": {"session_id": "ses-1", "anonymous_id": "a-1", "sku": "CJ1"},
    }


def mutated(changes: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    made = click()
    return {**made, "data": {**made["data"], **data}, **changes}


EVENTS = VALUES | st.builds(
    mutated,
    st.dictionaries(st.sampled_from(["id", "type", "version", "data", "subject", "x"]), VALUES),
    st.dictionaries(st.sampled_from(["session_id", "sku", "consent", "properties", "x"]), VALUES),
)
SETTINGS = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


def send(store_url: str, path: str, body: bytes) -> httpx.Response:
    headers = {"Authorization": f"Bearer {PARTNER}", "Content-Type": "application/json"}
    return plain.post(f"{store_url}{path}", content=body, headers=headers, timeout=60)


def test_no_event_harms_the_store_or_its_neighbours(
    store_url: str, read_events: Callable[..., list[Event]]
) -> None:
    good: set[str] = set()
    accepted = 0

    @SETTINGS
    @given(st.lists(EVENTS, min_size=1, max_size=4), PATHS)
    def sent(odd: list[Any], path: str) -> None:
        nonlocal accepted
        first, last = click(), click()
        body = json.dumps({"events": [first, *odd, last]}).encode()
        answer = send(store_url, path, body)
        assert answer.status_code == 202, answer.text
        told = answer.json()
        refused = {each["index"] for each in told["refused"]}
        assert told["accepted"] + len(refused) == len(odd) + 2
        assert not refused & {0, len(odd) + 1}
        good.update((first["id"], last["id"]))
        accepted += told["accepted"]

    before = len(read_events(Topic.CLICKSTREAM))
    sent()
    # Whatever was accepted keeps the contract: reading parses each event.
    arrived = read_events(Topic.CLICKSTREAM)
    assert good <= {str(event.id) for event in arrived}
    assert len(arrived) - before == accepted


def test_no_body_harms_the_store(store_url: str) -> None:
    @SETTINGS
    @given(
        st.binary(max_size=200)
        | st.builds(lambda value: json.dumps(value).encode(), VALUES)
        | st.builds(
            lambda value, name: json.dumps({"events": [click()], name: value}).encode(),
            VALUES,
            st.sampled_from(["sent_at", "consent", "token", "events", "x"]),
        ),
        PATHS,
    )
    def sent(body: bytes, path: str) -> None:
        answer = send(store_url, path, body)
        assert answer.status_code in (202, 422), answer.text
        assert answer.status_code == 202 or answer.json()["field"].startswith("body")

    sent()
