"""The parts of the OpenAPI document that FastAPI does not write by itself."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from serving.errors import MEDIA_TYPE, Problem, ServingError

TITLE = "EcoMarket serving"
VERSION = "1.0.0"
DESCRIPTION = """\
Answers from the models in service. Every answer of a model leaves as one `decision_made` event on
`eco.decisions.v1`, with its request, features, scores and reasons. Errors are
`application/problem+json` (RFC 9457); a 503 is transient and says when to come back.
"""

INVALID = {
    "title": HTTPStatus.UNPROCESSABLE_ENTITY.phrase,
    "status": 422,
    "code": "invalid_request",
    "detail": "query.k: Input should be less than or equal to 100",
    "errors": [
        {
            "field": "query.k",
            "rule": "less_than_equal",
            "message": "Input should be less than or equal to 100",
        }
    ],
}


def problems(*errors: type[ServingError]) -> dict[int | str, dict[str, Any]]:
    """Return the error responses of a route: these, and that a field breaks its rule."""
    examples: dict[int, dict[str, dict[str, Any]]] = {
        422: {"invalid_request": {"summary": "A field breaks its rule.", "value": INVALID}}
    }
    for error in errors:
        rule = (error.__doc__ or "").partition(": ")[2].splitlines()[0]
        summary = rule[:1].upper() + rule[1:]
        value = Problem(
            title=error.status.phrase, status=error.status, code=error.code, detail=summary
        )
        example = {"summary": summary, "value": value.model_dump(mode="json")}
        examples.setdefault(int(error.status), {})[error.code] = example
    return {
        status: {
            "model": Problem,
            "description": " ".join(example["summary"] for example in by_code.values()),
            "content": {"application/json": {"examples": by_code}},
        }
        for status, by_code in examples.items()
    }


def describe(app: FastAPI) -> None:
    """Make an application's OpenAPI document give errors their true media type."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
            )
            _retype_errors(app.openapi_schema)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _retype_errors(schema: dict[str, Any]) -> None:
    for path in schema["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                if int(status) >= 400 and "application/json" in content:
                    content[MEDIA_TYPE] = content.pop("application/json")
