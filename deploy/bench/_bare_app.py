"""The peer of `bench shoppers`: reads a request and answers with one constant."""

from __future__ import annotations

from typing import Any

BODY = b'{"answer":"' + b"x" * 500 + b'"}'


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer; lifespan events are declined."""
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    while (await receive()).get("more_body"):
        pass
    length = str(len(BODY)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})
