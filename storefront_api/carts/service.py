"""What shoppers do with their carts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from storefront_api.carts import repository
from storefront_api.carts.schemas import (
    MAX_LINES,
    MAX_QUANTITY,
    CartLineIn,
    CartLineOut,
    CartOut,
)
from storefront_api.events import Event, Topic
from storefront_api.events.carts import (
    CartLineV1,
    CartMergedV1,
    CartUpdatedV1,
    CartV1,
    MergedCartV1,
)
from storefront_api.events.parts import Unit
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import InvalidError, NotFoundError
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.pricing.amounts import list_price
from storefront_api.services import Services
from storefront_api.taxes.arithmetic import included


def _line(row: Any) -> CartLineOut:
    total = list_price(row["quantity"], Unit(row["unit"]), row["price_minor"])
    rate = row["tax_rate_bp"]
    return CartLineOut(
        **{name: row[name] for name in CartLineOut.model_fields if name in row},
        price_changed=row["price_minor"] != row["seen_price_minor"],
        total_minor=total,
        tax_minor=None if rate is None else included(total, rate),
    )


def _shown(rows: list[Any], destination: str) -> CartOut:
    lines = [_line(row) for row in rows]
    taxes = [line.tax_minor for line in lines if not line.saved]
    known = [minor for minor in taxes if minor is not None]
    return CartOut(
        cart_id=rows[0]["cart_id"] if rows else None,
        currency=rows[0]["currency"] if rows else "",
        destination=destination,
        lines=lines,
        total_minor=sum(line.total_minor for line in lines if not line.saved),
        tax_minor=sum(known) if len(known) == len(taxes) else None,
    )


def _whole(cart_id: UUID, rows: list[Any]) -> CartV1:
    return CartV1(
        cart_id=cart_id,
        lines=[
            CartLineV1(
                sku=row["sku"],
                quantity=row["quantity"],
                saved=row["saved"],
                price_minor=row["seen_price_minor"],
            )
            for row in rows
        ],
    )


def _check(rows: list[Any], field: str) -> None:
    """Refuse what no order could be: too many lines, or prices in several currencies."""
    if len(rows) > MAX_LINES:
        raise InvalidError(f"a cart holds at most {MAX_LINES} lines", field=field)
    currencies = sorted({row["currency"] for row in rows})
    if len(currencies) > 1:
        raise InvalidError(f"a cart has one currency, not {', '.join(currencies)}", field=field)


async def read(services: Services, caller: Caller, destination: str = "") -> CartOut:
    """Return the caller's cart with today's prices beside those that the shopper saw.

    Parameters
    ----------
    destination
        Country whose tax is shown; empty for the store's own.
    """
    goes_to, now = destination or services.settings.home_country, services.clock()
    rows = await repository.lines(services.pool, caller.name, goes_to, now)
    return _shown(rows, goes_to)


async def _rows(services: Services, connection: Connection, caller: Caller) -> list[Any]:
    goes_to = services.settings.home_country
    return await repository.lines(connection, caller.name, goes_to, services.clock())


async def put(
    services: Services, caller: Caller, sku: str, wanted: CartLineIn, trace_id: str
) -> CartOut:
    """Set a line of the caller's cart; the price that holds now counts as seen.

    Raises
    ------
    NotFoundError
        If there is no such variant.
    InvalidError
        If the cart would have too many lines or several currencies.
    """
    now = services.clock()
    async with transaction(services.pool) as connection:
        cart_id = await repository.lock(connection, new_id(), caller.name, now)
        quantity, saved = wanted.quantity, wanted.saved
        if not await repository.put(connection, cart_id, sku, quantity, saved, now):
            raise NotFoundError(f"there is no variant {sku}", field="path.sku")
        rows = await _rows(services, connection, caller)
        _check(rows, "path.sku")
        await _tell(services, connection, caller, _whole(cart_id, rows), trace_id)
    return _shown(rows, services.settings.home_country)


async def put_all(
    services: Services, caller: Caller, wanted: Mapping[str, int], field: str, trace_id: str
) -> CartOut:
    """Set many lines of the caller's cart, all of them or none; each variant exists.

    Parameters
    ----------
    wanted
        Quantity of each sku.
    field
        What to name if the cart cannot be so.

    Raises
    ------
    InvalidError
        If the cart would have too many lines or several currencies.
    """
    if len(wanted) > MAX_LINES:
        raise InvalidError(f"a cart holds at most {MAX_LINES} lines", field=field)
    now = services.clock()
    async with transaction(services.pool) as connection:
        cart_id = await repository.lock(connection, new_id(), caller.name, now)
        for sku, quantity in sorted(wanted.items()):
            await repository.put(connection, cart_id, sku, quantity, False, now)
        rows = await _rows(services, connection, caller)
        _check(rows, field)
        await _tell(services, connection, caller, _whole(cart_id, rows), trace_id)
    return _shown(rows, services.settings.home_country)


async def take_out(services: Services, caller: Caller, sku: str, trace_id: str) -> CartOut:
    """Remove a line of the caller's cart; one that is not there is as good as removed."""
    async with transaction(services.pool) as connection:
        cart_id = await repository.lock(connection, new_id(), caller.name, services.clock())
        removed = await repository.take_out(connection, cart_id, [sku])
        rows = await _rows(services, connection, caller)
        if removed:
            await _tell(services, connection, caller, _whole(cart_id, rows), trace_id)
    return _shown(rows, services.settings.home_country)


async def merge(services: Services, guest: Caller, caller: Caller, trace_id: str) -> CartOut:
    """Move a guest's cart into the caller's, once: afterwards the guest's is empty.

    Raises
    ------
    InvalidError
        If the carts cannot be one.
    """
    now = services.clock()
    async with transaction(services.pool) as connection:
        carts = {
            name: await repository.lock(connection, new_id(), name, now)
            for name in sorted({guest.name, caller.name})
        }
        source, target = carts[guest.name], carts[caller.name]
        moved = source != target and await repository.move(connection, source, target, MAX_QUANTITY)
        rows = await _rows(services, connection, caller)
        if moved:
            _check(rows, "body.guest_token")
            event = CartMergedV1(
                id=new_id(),
                occurred_at=now,
                received_at=now,
                subject=caller.subject,
                trace_id=trace_id,
                data=MergedCartV1(
                    cart=_whole(target, rows), from_cart_id=source, from_subject=guest.subject
                ),
            )
            await enqueue(connection, [(Topic.CARTS, str(target), event)])
    return _shown(rows, services.settings.home_country)


async def _tell(
    services: Services, connection: Connection, caller: Caller, cart: CartV1, trace_id: str
) -> None:
    now = services.clock()
    event: Event = CartUpdatedV1(
        id=new_id(),
        occurred_at=now,
        received_at=now,
        subject=caller.subject,
        trace_id=trace_id,
        data=cart,
    )
    await enqueue(connection, [(Topic.CARTS, str(cart.cart_id), event)])
