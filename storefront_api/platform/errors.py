"""Errors with a status, and the one shape in which they are answered: problem details, RFC 9457."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from http import HTTPStatus
from typing import Any

import asyncpg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

MEDIA_TYPE = "application/problem+json"
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The request that is being answered; what every problem names as its instance."""


class Problem(BaseModel):
    """The body of every error, after RFC 9457."""

    type: str = Field(description="Reference of the kind of error: `GET` it to read about it.")
    title: str = Field(description="The kind of error in words, the same each time.")
    status: int = Field(ge=400, le=599, description="The HTTP status.")
    detail: str = Field(description="What is wrong this time, and the rule.")
    instance: str = Field(description="Id of the request, as in `X-Request-Id`.")
    code: str = Field(description="The kind of error, for programs; it never changes.")
    field: str = Field(default="", description="Path of the field concerned; empty if none is.")
    details: list[dict[str, Any]] = Field(default=[], description="One entry per wrong item.")


def type_of(code: str) -> str:
    """Return the reference of a kind of error."""
    return f"/problems/{code}"


def titled(code: str) -> str:
    """Return a code in words."""
    return code.replace("_", " ").capitalize()


def _problem(status: int, code: str, detail: str, field: str = "") -> Problem:
    return Problem(
        type=type_of(code),
        title=titled(code),
        status=status,
        detail=detail,
        instance=REQUEST_ID.get(),
        code=code,
        field=field,
    )


class StoreError(Exception):
    """The request cannot be understood."""

    status = 400
    code = "bad_request"
    retry_after_s: int | None = None
    """Seconds after which the same request may succeed; None where waiting changes nothing."""

    def __init__(
        self, detail: str, *, field: str = "", details: list[dict[str, Any]] | None = None
    ) -> None:
        super().__init__(detail)
        self.problem = _problem(self.status, self.code, detail, field)
        self.problem.details = details or []

    @property
    def headers(self) -> dict[str, str]:
        """What the answer says in its headers."""
        return {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}


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


class TimedOutError(AwayError):
    """It took too long and was given up; send it again, a change under the same key."""

    code = "timed_out"


class MethodNotAllowedError(StoreError):
    """There is something at this path, but not for this method; `Allow` names those that are."""

    status, code = 405, "method_not_allowed"


class InternalError(StoreError):
    """The store has failed, and has written down why."""

    status, code = 500, "internal"


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


def kinds() -> dict[str, type[StoreError]]:
    """Return every kind of error of the modules that are loaded, by code.

    A class without a code of its own is of its parent's kind.
    """
    found: dict[str, type[StoreError]] = {}
    waiting: list[type[StoreError]] = [StoreError]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if "code" in vars(kind):
            found[kind.code] = kind
    return dict(sorted(found.items()))


def answered(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return the answer that a problem is."""
    return JSONResponse(
        problem.model_dump(), problem.status, headers=headers, media_type=MEDIA_TYPE
    )


def answer(error: StoreError) -> JSONResponse:
    """Return the answer to a refused request."""
    return answered(error.problem, error.headers)


def database_away() -> AwayError:
    """Return what is answered while the database is away."""
    return AwayError("the database does not answer")


def install(app: FastAPI) -> None:
    """Answer every error of an application in the one shape."""

    @cache
    def paths() -> list[tuple[re.Pattern[str], set[str]]]:
        routes = [route for route in iter_route_contexts(app.routes) if route.path]
        return [(compile_path(str(each.path))[0], set(each.methods or ())) for each in routes]

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
        return answer(InvalidError(first["message"], field=first["field"], details=details))

    @app.exception_handler(HTTPException)
    async def not_routed(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == HTTPStatus.BAD_REQUEST:
            # What FastAPI raises for a body that is not even text.
            return answer(InvalidError("the body is not JSON in UTF-8", field="body"))
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            # The framework names the methods of the first route of this path alone.
            path = request.url.path
            methods = set[str]().union(*(found for at, found in paths() if at.match(path)))
            headers["Allow"] = ", ".join(sorted(methods))
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
        return answered(_problem(error.status_code, code, str(error.detail)), headers)

    @app.exception_handler(asyncpg.DataError)
    async def not_storable(_: Request, error: asyncpg.DataError) -> JSONResponse:
        return answer(InvalidError(f"cannot be stored: {error}"))

    async def store_away(_: Request, __: Exception) -> JSONResponse:
        return answer(database_away())

    for kind in DATABASE_AWAY:
        app.add_exception_handler(kind, store_away)
