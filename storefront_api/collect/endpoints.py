"""The collector over HTTP: what is documented of it, and the tracker.

What is sent to the collector is answered before it reaches these routes, by `answering`.
"""

from __future__ import annotations

from typing import Annotated, Any, NoReturn

from fastapi import APIRouter, Depends, Header, Response
from pydantic import BaseModel

from storefront_api.collect import tracker
from storefront_api.collect.keys import KEYED
from storefront_api.collect.schemas import Beacon, Clicks, Collected
from storefront_api.platform.auth import Known, public
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.limits import CallerLimit, VisitorLimit

router = APIRouter(tags=["collect"])
COLLECTING = CallerLimit("collecting")
VISITING = VisitorLimit("collecting")


def _body(model: type[BaseModel], media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the documentation of a body that is read as bytes, since the events stay bytes."""
    example: Any = model.model_config["json_schema_extra"]["example"]  # type: ignore[index]
    if schema["type"] == "string":
        example = model(**example).model_dump_json()
    content = {media_type: {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


_BEACON = {
    "type": "string",
    "description": "JSON of a batch as `/collect` takes it, whose `consent` is denied unless it "
    "says otherwise, and with the shopper's `token`, if there is one.",
}


@router.post(
    "/collect",
    status_code=202,
    response_model=Collected,
    dependencies=[Depends(COLLECTING)],
    responses=problems(401, *BODY, 503),
    openapi_extra=_body(Clicks, "application/json", Clicks.model_json_schema()),
)
async def collect(caller: Known) -> NoReturn:
    """Take a batch of clicks; the answer comes when they cannot be lost any more."""
    raise NotImplementedError("it is answered before it gets here")


@router.post(
    "/collect/beacon",
    status_code=202,
    response_model=Collected,
    dependencies=[Depends(public), Depends(VISITING), Depends(KEYED)],
    responses=problems(401, *BODY, 503),
    openapi_extra=_body(Beacon, "text/plain", _BEACON),
)
async def collect_beacon() -> NoReturn:
    """Take a batch of clicks from a page, as `navigator.sendBeacon` sends text.

    There are no headers that a page could set, nor a preflight: the body says what they would.
    """
    raise NotImplementedError("it is answered before it gets here")


@router.get(
    "/tracker.js",
    dependencies=[Depends(public)],
    response_class=Response,
    responses={
        200: {"content": {"text/javascript": {"schema": {"type": "string"}}}},
        304: {"description": "The script is the one that the caller has."},
        **problems(422),
    },
)
async def get_tracker(
    if_none_match: Annotated[
        str, Header(description="The `ETag` of the script that the caller has.")
    ] = "",
) -> Response:
    """Return the script with which pages send clicks."""
    text, etag = tracker.script()
    headers = {"ETag": etag, "Cache-Control": tracker.CACHED}
    if etag in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(text, media_type="text/javascript; charset=utf-8", headers=headers)
