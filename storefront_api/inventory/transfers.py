"""Goods that move between warehouses, and goods that are counted in one.

Each is booked once under its reference, whatever idempotency key it comes with.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter

from storefront_api.events.inventory import StockTransferredV1, TransferredV1, TransferV1
from storefront_api.inventory import repository as stock
from storefront_api.inventory import warehouse_repository as repository
from storefront_api.inventory.books import Books
from storefront_api.inventory.outgoing import When, message, moved
from storefront_api.inventory.service import add
from storefront_api.inventory.warehouse_schemas import CountIn, PlacedOut, TransferIn
from storefront_api.inventory.warehouses import must_exist
from storefront_api.platform import idempotency
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import ConflictError, InvalidError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue
from storefront_api.services import Services

_PLACED = TypeAdapter(list[PlacedOut])


class ReferenceUsedError(ConflictError):
    """Something else was booked under this reference."""

    code = "reference_used"


class NotFreeError(ConflictError):
    """What is in the warehouse is promised: to orders, or to open checkouts."""

    code = "not_free"


async def transfer(
    services: Services, request: Request, wanted: TransferIn, trace_id: str
) -> Answer:
    """Move goods that no order has from one warehouse to another, all of them or none.

    Raises
    ------
    InvalidError
        If there is no such warehouse or sku.
    NotFreeError
        If there is less that is free.
    ReferenceUsedError
        If another transfer has the reference.
    """

    async def work(connection: Connection, when: When) -> list[PlacedOut]:
        return await _transfer(connection, wanted, when)

    return await _once(services, request, "transfer", wanted, trace_id, work)


async def count(services: Services, request: Request, wanted: CountIn, trace_id: str) -> Answer:
    """Set what is in a warehouse to what was counted, all of it or nothing.

    Raises
    ------
    InvalidError
        If there is no such warehouse or sku.
    NotFreeError
        If fewer were counted than are promised.
    ReferenceUsedError
        If another count has the reference.
    """

    async def work(connection: Connection, when: When) -> list[PlacedOut]:
        return await _count(connection, wanted, when)

    return await _once(services, request, "count", wanted, trace_id, work)


async def _once(
    services: Services,
    request: Request,
    kind: str,
    wanted: TransferIn | CountIn,
    trace_id: str,
    work: Callable[[Connection, When], Awaitable[list[PlacedOut]]],
) -> Answer:
    now = services.clock()
    digest = _digest(wanted)
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, request)
        if given is not None:
            return given
        before = await repository.booked(connection, kind, wanted.reference)
        if before is None:
            placed = await work(connection, When(now, now, trace_id))
            text = _PLACED.dump_json(placed).decode()
            await repository.book(connection, kind, wanted.reference, digest, text, now)
        elif before["sha256"] != digest:
            raise ReferenceUsedError(
                f"another {kind} was booked as {wanted.reference}", field="body.reference"
            )
        else:
            text = before["answer"]
        answer = Answer(201, text)
        await idempotency.keep(connection, request, answer)
    return answer


def _digest(wanted: BaseModel) -> bytes:
    return hashlib.sha256(wanted.model_dump_json().encode()).digest()


async def _held(connection: Connection, skus: set[str]) -> Mapping[str, Any]:
    """Hold the stock of skus, before that of their warehouses: so nothing new comes in beside."""
    held = {row["sku"]: row for row in await stock.hold(connection, sorted(skus))}
    missing = sorted(skus - held.keys())
    if missing:
        raise InvalidError(f"unknown sku: {', '.join(missing)}", field="body.items.sku")
    return held


async def _transfer(connection: Connection, wanted: TransferIn, when: When) -> list[PlacedOut]:
    source, goal = wanted.from_warehouse_id, wanted.to_warehouse_id
    await must_exist(connection, [source], "body.from_warehouse_id")
    await must_exist(connection, [goal], "body.to_warehouse_id")
    units: Counter[str] = Counter()
    for item in wanted.items:
        units[item.sku] += item.quantity
    await _held(connection, set(units))
    books = await Books.open(connection, set(units), [goal])
    short = [
        {"sku": sku, "wanted": quantity, "free": books.free(sku, source)}
        for sku, quantity in sorted(units.items())
        if books.free(sku, source) < quantity
    ]
    if short:
        raise NotFreeError(f"{source} has less that is free", field="body.items", details=short)
    placed, items = [], []
    for sku, quantity in sorted(units.items()):
        out = books.move("transfer_out", sku, source, wanted.reference, on_hand=-quantity)
        into = books.move("transfer_in", sku, goal, wanted.reference, on_hand=quantity)
        items.append(
            TransferredV1(
                sku=sku, quantity=quantity, from_on_hand=out.on_hand, to_on_hand=into.on_hand
            )
        )
        placed += [_placed(books, sku, source), _placed(books, sku, goal)]
    await books.write(connection, when.at)
    told = TransferV1(
        reference=wanted.reference, from_warehouse_id=source, to_warehouse_id=goal, items=items
    )
    await enqueue(connection, [message(StockTransferredV1, told, wanted.reference, when)])
    return placed


async def _count(connection: Connection, wanted: CountIn, when: When) -> list[PlacedOut]:
    place = wanted.warehouse_id
    await must_exist(connection, [place], "body.warehouse_id")
    counted = {item.sku: item.on_hand for item in wanted.items}
    held = await _held(connection, set(counted))
    books = await Books.open(connection, set(counted), [place])
    deltas = {sku: found - books.on_hand(sku, place) for sku, found in sorted(counted.items())}
    short = []
    for sku, delta in deltas.items():
        row, allocated = held[sku], books.allocated(sku, place)
        if counted[sku] < allocated or row["on_hand"] + delta < row["reserved"]:
            kept = {"allocated": allocated, "kept_for_checkouts": row["reserved"]}
            short.append({"sku": sku, "counted": counted[sku], **kept})
    if short:
        raise NotFreeError(
            "fewer were counted than are promised", field="body.items", details=short
        )
    changed = {sku: delta for sku, delta in deltas.items() if delta}
    if changed:
        reference = wanted.reference
        at, now, trace_id = when.at, when.now, when.trace_id
        await add(connection, changed, "adjustment", reference, at, now, trace_id)
        movements = [
            books.move("adjustment", sku, place, reference, on_hand=delta)
            for sku, delta in changed.items()
        ]
        await books.write(connection, when.at)
        await enqueue(connection, moved(movements, "adjustment", reference, when))
    return [_placed(books, sku, place) for sku in deltas]


def _placed(books: Books, sku: str, warehouse_id: str) -> PlacedOut:
    return PlacedOut(
        sku=sku,
        warehouse_id=warehouse_id,
        on_hand=books.on_hand(sku, warehouse_id),
        allocated=books.allocated(sku, warehouse_id),
    )
