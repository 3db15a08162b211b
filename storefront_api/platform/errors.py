"""Errors with a status, and the one shape in which they are answered."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import asyncpg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException


class Problem(BaseModel):
    """The body of every error.

    Parameters
    ----------
    code
        Stable name of the kind of error.
    message
        What is wrong, and the rule.
    field
        Path of the field concerned; empty if none is.
    """

    code: str
    message: str
    field: str = ""
    details: list[dict[str, Any]] = Field(default=[], description="One entry per wrong item.")


class StoreError(Exception):
    """A refusal that the caller can do something about."""

    status = 400
    code = "bad_request"
    retry_after_s: int | None = None
    """Seconds after which the same request may succeed; None where waiting changes nothing."""

    def __init__(
        self, message: str, *, field: str = "", details: list[dict[str, Any]] | None = None
    ) -> None:
        super().__init__(message)
        self.problem = Problem(code=self.code, message=message, field=field, details=details or [])


class InvalidError(StoreError):
    """A field breaks a rule."""

    status, code = 422, "invalid"


class UnauthenticatedError(StoreError):
    """No credential, or one that is not ours."""

    status, code = 401, "unauthenticated"


class ForbiddenError(StoreError):
    """A credential that does not allow this."""

    status, code = 403, "forbidden"


class NotFoundError(StoreError):
    """Nothing there, or nothing that the caller may see."""

    status, code = 404, "not_found"


class ConflictError(StoreError):
    """The state of things does not allow it."""

    status, code = 409, "conflict"


class UsedUpError(ConflictError):
    """A promotion code has no use left."""

    code = "promotion_used_up"


class OutOfStockError(ConflictError):
    """There is less of a product than was asked for."""

    code = "out_of_stock"


class TooManyError(StoreError):
    """Asked too often; the same request may succeed later."""

    status, code = 429, "too_many"

    def __init__(self, message: str, retry_after_s: int, *, field: str = "") -> None:
        super().__init__(message, field=field)
        self.retry_after_s = retry_after_s


class KeyInFlightError(ConflictError):
    """A request with the same idempotency key is under way; the same request may be sent again."""

    code = "key_in_flight"


class KeyReusedError(StoreError):
    """An idempotency key came again with another request."""

    status, code = 422, "idempotency_key_reused"


class TooLargeError(StoreError):
    """The body is larger than allowed."""

    status, code = 413, "too_large"


class LengthRequiredError(StoreError):
    """The body does not say how long it is."""

    status, code = 411, "length_required"


class AwayError(StoreError):
    """A service that is needed is away; the same request may succeed later."""

    status, code = 503, "away"
    retry_after_s = 2


DATABASE_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    # Its protocol's own, when the server goes away between two messages of a query.
    asyncpg.InternalClientError,
    OSError,
)
"""What asyncpg raises when its server has gone, is starting or stopping, or does not answer."""


BODY = (411, 413, 422)
"""What every route with a body may answer."""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` that declare errors in the OpenAPI document."""
    return {status: {"model": Problem} for status in statuses}


def _answer(status: int, problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(problem.model_dump(), status_code=status, headers=headers)


def answer(error: StoreError) -> JSONResponse:
    """Return the answer to a refused request."""
    wait = error.retry_after_s
    headers = None if wait is None else {"Retry-After": str(wait)}
    return _answer(error.status, error.problem, headers)


def install(app: FastAPI) -> None:
    """Answer every error of an application in the one shape."""

    @app.exception_handler(StoreError)
    async def refused(_: Request, error: StoreError) -> JSONResponse:
        return answer(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        details = [
            {"field": ".".join(map(str, e["loc"])), "message": str(e["msg"])}
            for e in error.errors()
        ]
        first = details[0]
        problem = Problem(
            code="invalid", message=first["message"], field=first["field"], details=details
        )
        return _answer(422, problem)

    @app.exception_handler(HTTPException)
    async def not_routed(_: Request, error: HTTPException) -> JSONResponse:
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
        headers = dict(error.headers) if error.headers else None
        return _answer(error.status_code, Problem(code=code, message=str(error.detail)), headers)

    @app.exception_handler(asyncpg.DataError)
    async def not_storable(_: Request, error: asyncpg.DataError) -> JSONResponse:
        return _answer(422, Problem(code="invalid", message=f"cannot be stored: {error}"))

    async def store_away(_: Request, error: Exception) -> JSONResponse:
        problem = Problem(code=AwayError.code, message=f"PostgreSQL is away: {error!r}")
        return _answer(AwayError.status, problem, {"Retry-After": str(AwayError.retry_after_s)})

    for kind in DATABASE_AWAY:
        app.add_exception_handler(kind, store_away)

    @app.exception_handler(Exception)
    async def failed(_: Request, __: Exception) -> JSONResponse:
        return _answer(500, Problem(code="internal", message="the store has failed; it is logged"))
