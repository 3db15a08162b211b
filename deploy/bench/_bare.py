"""The least that a FastAPI application can do: the peer of the serving benchmark."""

from __future__ import annotations

from fastapi import FastAPI

ANSWER = {"score": 0.5, "action": "allow", "reasons": ["a constant"], "model_version": "none"}


def create_app() -> FastAPI:
    """Return an application whose one route answers a constant."""
    app = FastAPI(openapi_url=None)

    @app.get("/constant")
    async def constant() -> dict[str, object]:
        return dict(ANSWER)

    return app
