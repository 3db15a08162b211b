"""What the edge answers when what it is around fails or takes too long."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from storefront_api.platform.edge import Edge


def asked(app: Any, timeout_s: float) -> tuple[int, dict[str, Any]]:
    """Send one request through an edge around an application; return status and body."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    asyncio.run(Edge(app, timeout_s)(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(body)


async def failing(*_: Any) -> None:
    raise ValueError("of the test")


async def hanging(*_: Any) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("app", "status", "code"), [(failing, 500, "internal"), (hanging, 503, "timed_out")]
)
def test_whatever_goes_wrong_is_answered_as_a_problem(app: Any, status: int, code: str) -> None:
    answered, problem = asked(app, 0.05)
    assert (answered, problem["status"], problem["code"]) == (status, status, code)
    assert "of the test" not in json.dumps(problem)
