"""Offers of one variant by several vendors."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from storefront_api.catalog import offer_repository as repository
from storefront_api.events import Topic
from storefront_api.events.catalog import OfferChangedV1, OfferV1
from storefront_api.events.parts import Minor
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import NotFoundError
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.platform.policy import Role
from storefront_api.services import Services

MOST_SHOWN = 100
Condition = Literal["new", "refurbished", "used"]
Key = tuple[str, str, str]
"""Sku, vendor id and condition."""


class OfferIn(BaseModel):
    """What a vendor asks for a variant, in the variant's currency."""

    model_config = ConfigDict(extra="forbid")

    price_minor: Minor
    shipping_minor: Minor = 0
    lead_days: int = Field(ge=0, le=365, description="Working days until it is sent.")


class OfferOut(OfferIn):
    """An offer of a variant."""

    sku: str
    vendor_id: str
    condition: Condition
    currency: str
    landed_minor: int = Field(description="Price and shipping together.")


async def of_variant(services: Services, sku: str) -> list[OfferOut]:
    """Return the offers of a variant by landed price, then by lead time; at most 100.

    Raises
    ------
    NotFoundError
        If there is no such variant.
    """
    rows = await repository.of_variant(services.pool, sku, MOST_SHOWN)
    if not rows and not await repository.variant_exists(services.pool, sku):
        raise NotFoundError(f"there is no variant {sku!r}", field="path.sku")
    return [OfferOut(**dict(row)) for row in rows]


async def put(
    services: Services, caller: Caller, key: Key, wanted: OfferIn, trace_id: str
) -> OfferOut:
    """Make an offer, or change it; of several conditions a vendor has one offer each.

    Raises
    ------
    NotFoundError
        If there is no such variant on offer, or the vendor is another than the caller's.
    """
    asked = (wanted.price_minor, wanted.shipping_minor, wanted.lead_days)
    async with transaction(services.pool) as connection:
        row = await repository.put(connection, key, asked, services.clock(), _owner(caller))
        if row is not None:
            await _tell(services, connection, row, False, trace_id)
        else:
            row = await repository.find(connection, key, _owner(caller))
    if row is None:
        raise NotFoundError(f"{key[0]!r} is not offered by {key[1]!r}", field="path.sku")
    return OfferOut(**dict(row))


async def withdraw(services: Services, caller: Caller, key: Key, trace_id: str) -> None:
    """Withdraw an offer.

    Raises
    ------
    NotFoundError
        If there is none, or the vendor is another than the caller's.
    """
    async with transaction(services.pool) as connection:
        row = await repository.withdraw(connection, key, services.clock(), _owner(caller))
        if row is None:
            raise NotFoundError(f"{key[0]!r} is not offered by {key[1]!r}", field="path.sku")
        await _tell(services, connection, row, True, trace_id)


def _owner(caller: Caller) -> str:
    """Return the one vendor whose offers a caller may touch; empty for those who may touch all.

    A vendor without an id owns nothing, not everything.
    """
    return (caller.vendor_id or "\n") if caller.role is Role.VENDOR else ""


async def _tell(
    services: Services, connection: Connection, row: Any, withdrawn: bool, trace_id: str
) -> None:
    now = services.clock()
    stated = {name: row[name] for name in OfferV1.model_fields if name != "withdrawn"}
    event = OfferChangedV1(
        id=new_id(),
        occurred_at=now,
        received_at=now,
        subject="",
        trace_id=trace_id,
        data=OfferV1(**stated, withdrawn=withdrawn),
    )
    await enqueue(connection, [(Topic.CATALOG, row["sku"], event)])
