"""Errors that answer a request, each a class with its status, all in one documented shape."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """One field of a request that breaks its rule."""

    field: str = Field(description="Where: query, path or body, then the name.")
    rule: str = Field(description="The rule's name, for programs.")
    message: str = Field(description="The rule in words.")


class Problem(BaseModel):
    """An error, after RFC 9457."""

    title: str = Field(description="The status in words.")
    status: int
    code: str = Field(description="What went wrong, for programs.")
    detail: str = Field(description="What went wrong, for people.")
    errors: list[FieldError] = Field(default=[], description="The fields at fault, if any.")


class ServingError(Exception):
    """Base of the errors that a route answers with."""

    status: ClassVar[HTTPStatus]
    code: ClassVar[str]
    retry_after_s: ClassVar[int | None] = None

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class UnknownSkuError(ServingError):
    """Permanent: the model in service knows no such product."""

    status = HTTPStatus.NOT_FOUND
    code = "unknown_sku"


class HorizonError(ServingError):
    """Permanent: the model in service does not look that far ahead."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "horizon_too_long"


class NoFactorError(ServingError):
    """Permanent: the set of factors in service lacks the packaging or delivery mode."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "no_factor"


class NoMetricError(ServingError):
    """Permanent: there is no metric of that name."""

    status = HTTPStatus.NOT_FOUND
    code = "no_metric"


class BadQuestionError(ServingError):
    """Permanent: the metric cannot be laid out or bounded so."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "bad_question"


class WarehouseAwayError(ServingError):
    """Transient: the warehouse does not answer, or not in time."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "warehouse_away"
    retry_after_s = 5


class ModelAwayError(ServingError):
    """Transient: no artifact of the family is in service."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "model_away"
    retry_after_s = 5


def install(app: FastAPI) -> None:
    """Answer every error of an application in the documented shape."""
    app.add_exception_handler(ServingError, _on_serving_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_bug)


async def _on_serving_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ServingError)
    wait = error.retry_after_s
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return _answer(error.status, error.code, error.detail, headers=headers)


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = [
        FieldError(
            field=".".join(str(part) for part in item["loc"]),
            rule=item["type"],
            message=item["msg"],
        )
        for item in error.errors()
    ]
    detail = "; ".join(f"{item.field}: {item.message}" for item in fields[:5])
    return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", detail, fields)


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    code = status.phrase.lower().replace(" ", "_")
    return _answer(status, code, str(error.detail), headers=dict(error.headers or {}))


async def _on_bug(request: Request, error: Exception) -> JSONResponse:
    """Answer for an error of ours; the server logs it with its traceback."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _answer(status, "internal_error", "the request met an error that is logged")


def _answer(
    status: HTTPStatus,
    code: str,
    detail: str,
    errors: list[FieldError] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    body = Problem(
        title=status.phrase, status=status, code=code, detail=detail, errors=errors or []
    )
    return JSONResponse(body.model_dump(), status, headers, MEDIA_TYPE)
