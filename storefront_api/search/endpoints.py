"""Search over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from storefront_api.catalog.traits import preferred
from storefront_api.platform.auth import OPTIONAL_CREDENTIAL, Visitor, personal, public
from storefront_api.platform.errors import problems
from storefront_api.platform.limits import visitors_limited
from storefront_api.platform.pagination import After, link
from storefront_api.search import service
from storefront_api.search.engine import SearchEngine, Sort, Wanted
from storefront_api.search.schemas import SearchPage, Suggestions
from storefront_api.services import Injected

router = APIRouter(tags=["search"])

Typed = Annotated[str, Query(min_length=1, max_length=200, description="What was typed.")]
Filter = Annotated[
    str, Query(max_length=120, pattern=r"^[^\x00]*$", description="Exact; empty for all.")
]
Price = Annotated[
    int | None,
    Query(ge=0, le=10**15, description="Of a variant's list price, itself included."),
]

CertificateId = Annotated[str, Field(max_length=40, pattern=r"^[^\x00]*$")]


async def _engine(request: Request) -> SearchEngine:
    engine: SearchEngine = request.app.state.search
    return engine


Engine = Annotated[SearchEngine, Depends(_engine)]
"""The engine in use."""


@router.get(
    "/search",
    dependencies=[Depends(public), Depends(personal), visitors_limited("searching")],
    responses=problems(401, 422, 503),
    openapi_extra=OPTIONAL_CREDENTIAL,
)
async def search(
    request: Request,
    services: Injected,
    visitor: Visitor,
    engine: Engine,
    q: Typed,
    department: Filter = "",
    category: Filter = "",
    brand: Filter = "",
    vendor: Filter = "",
    currency: Annotated[str, Query(pattern="^([A-Z]{3})?$", description="Of prices.")] = "",
    price_from_minor: Price = None,
    price_to_minor: Price = None,
    in_stock: Annotated[bool, Query(description="Only what can be had now.")] = False,
    score_from: Annotated[
        int | None, Query(ge=0, le=100, description="Least sustainability score.")
    ] = None,
    certificate: Annotated[
        list[CertificateId], Query(max_length=10, description="All of which a product has.")
    ] = [],  # noqa: B006  # FastAPI copies it
    plastic_free: Annotated[
        bool, Query(description="Only what is known to be without plastic.")
    ] = False,
    origin: Annotated[str, Query(pattern="^([A-Z]{2})?$", description="Country of origin.")] = "",
    sort: Annotated[
        Sort,
        Query(
            description="`relevance`, or one of: `price_asc` and `price_desc` by the cheapest "
            "variant; `newest`; `score` with the highest sustainability score first; `rating` "
            "with the highest Bayesian average of the reviews first, which for a product without "
            "reviews is that of the prior."
        ),
    ] = Sort.RELEVANCE,
    after: After = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> SearchPage:
    """Find the products that hold every word, a synonym of it, or the nearest known word.

    By relevance, for an account with preferences those that are known to meet more of them come
    first.
    """
    wanted = Wanted(
        text=q,
        department=department,
        category=category,
        brand=brand,
        vendor_id=vendor,
        currency=currency,
        price_from_minor=price_from_minor,
        price_to_minor=price_to_minor,
        in_stock=in_stock,
        score_from=score_from,
        certificates=tuple(certificate),
        plastic_free=plastic_free,
        origin=origin,
        sort=sort,
        prefers=await preferred(services, visitor) if sort is Sort.RELEVANCE else (),
        after=after,
        limit=limit,
    )
    page = await service.search(services, engine, wanted)
    link(request, page.next_cursor)
    return page


@router.get(
    "/search/suggestions",
    dependencies=[Depends(public), visitors_limited("searching")],
    responses=problems(422, 503),
)
async def suggest(
    engine: Engine, q: Typed, limit: Annotated[int, Query(ge=1, le=20)] = 8
) -> Suggestions:
    """Complete the last word, those first that most products have."""
    return await service.suggest(engine, q, limit)
