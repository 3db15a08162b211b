"""Every kind of error, to be read: over HTTP, and as the page docs/problems.md.

`python -m storefront_api.problems` writes the page.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field

from storefront_api.platform.auth import public
from storefront_api.platform.errors import (
    NotFoundError,
    StoreError,
    kinds,
    problems,
    titled,
    type_of,
)

router = APIRouter(tags=["problems"], dependencies=[Depends(public)])

PAGE = Path(__file__).resolve().parents[1] / "docs" / "problems.md"
_HEAD = """\
# Problems

Every error that the store answers with, written from its code by
`python -m storefront_api.problems`; a test keeps both in step. The body is that of RFC 9457,
`application/problem+json`: `type` refers to one of these kinds (`GET` it from the store), `title`
and `status` are those of the kind, `detail` says what is wrong this time, and `instance` is the
request's id, which is in `X-Request-Id` and in the log as well. Programs go by `code`, which never
changes; `field` is the path of what is at fault, and `details` holds an entry for each thing that
is, with its `field` and a `message`.

| code | status | when |
| --- | --- | --- |
"""


class ProblemKind(BaseModel):
    """A kind of error."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "/problems/out_of_stock",
                "title": "Out of stock",
                "status": 409,
                "code": "out_of_stock",
                "description": "There is less of a product than was asked for.",
            }
        }
    )

    type: str = Field(description="Reference of this kind, as problems state it.")
    title: str
    status: int
    code: str
    description: str


def _kind(error: type[StoreError]) -> ProblemKind:
    return ProblemKind(
        type=type_of(error.code),
        title=titled(error.code),
        status=error.status,
        code=error.code,
        description=cleandoc(error.__doc__ or "").partition("\n\n")[0].replace("\n", " "),
    )


@router.get("/problems")
async def list_all() -> list[ProblemKind]:
    """List every kind of error that the store answers with."""
    return [_kind(error) for error in kinds().values()]


@router.get("/problems/{code}", responses=problems(404, 422))
async def read(code: Annotated[str, InPath(max_length=64)]) -> ProblemKind:
    """Read what a kind of error means; a problem's `type` leads here."""
    error = kinds().get(code)
    if error is None:
        raise NotFoundError(f"there is no problem {code!r}", field="path.code")
    return _kind(error)


def page() -> str:
    """Return the page as Markdown."""
    package = import_module("storefront_api")
    for module in pkgutil.walk_packages(package.__path__, "storefront_api."):
        # Alembic's modules run where Alembic runs them; those of `__main__` would start something.
        if ".migrations" not in module.name and not module.name.endswith("__main__"):
            import_module(module.name)
    rows = []
    for error in kinds().values():
        kind = _kind(error)
        rows.append(f"| `{kind.code}` | {kind.status} | {kind.description} |\n")
    return _HEAD + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
