"""What a vendor does with its own stock."""

from __future__ import annotations

import hashlib
from typing import Any

from storefront_api.inventory.outgoing import When
from storefront_api.inventory.service import adjust
from storefront_api.marketplace.stock import files, repository
from storefront_api.marketplace.stock.schemas import (
    Mode,
    StockFileOut,
    StockForecastOut,
    ThresholdOut,
    ThresholdPage,
)
from storefront_api.platform.database import transaction
from storefront_api.platform.errors import ConflictError, NotFoundError
from storefront_api.platform.model_endpoint import UnknownVariantError
from storefront_api.services import Services


class StockFileConflictError(ConflictError):
    """Stock does not allow what a file says."""

    code = "stock_file_conflict"


async def apply(
    services: Services, vendor_id: str, content: bytes, mode: Mode, trace_id: str
) -> StockFileOut:
    """Apply a file of stock, all of it or nothing; the same file again changes nothing.

    Raises
    ------
    TooLargeError, InvalidError
        If it is no such file, or has wrong rows or variants that are not the vendor's.
    StockFileConflictError
        If there would be less of something than nothing, or than is kept for checkouts.
    """
    rows = files.read(content, mode)
    digest = hashlib.sha256(content).digest()
    now = services.clock()
    async with transaction(services.pool) as connection:
        before = await repository.applied(connection, vendor_id, digest, mode)
        if before is not None:
            return StockFileOut(**dict(before), replayed=True)
        held = await repository.hold(connection, vendor_id, [row.sku for row in rows])
        files.refuse(
            [
                files.wrong(row.line, row.sku, "there is no such variant of this vendor")
                for row in rows
                if row.sku not in held
            ]
        )
        deltas, short = _deltas(rows, held, mode)
        if short:
            raise StockFileConflictError(
                f"line {short[0]['line']}: {short[0]['message']}; nothing was changed",
                field="body",
                details=short,
            )
        if deltas:
            reference = f"file-{digest.hex()[:32]}"
            await adjust(connection, deltas, reference, When(now, now, trace_id))
        await repository.keep(connection, vendor_id, digest, mode, len(rows), len(deltas), now)
    return StockFileOut(mode=mode, rows=len(rows), changed=len(deltas), replayed=False)


def _deltas(
    rows: list[files.Row], held: dict[str, Any], mode: Mode
) -> tuple[dict[str, int], list[dict[str, Any]]]:
    deltas: dict[str, int] = {}
    short = []
    for row in rows:
        stock = held[row.sku]
        after = row.quantity if mode == "count" else stock["on_hand"] + row.quantity
        if after < stock["reserved"]:
            least = stock["reserved"]
            rule = f"{after} would be left, and {least} are kept for checkouts"
            short.append(files.wrong(row.line, row.sku, rule))
        elif after != stock["on_hand"]:
            deltas[row.sku] = after - stock["on_hand"]
    return deltas, short


async def set_threshold(services: Services, vendor_id: str, sku: str, threshold: int) -> None:
    """Set when stock of a variant is low.

    Raises
    ------
    NotFoundError
        If it is not the vendor's.
    """
    if not await repository.set_threshold(services.pool, vendor_id, sku, threshold):
        raise NotFoundError(f"there is no variant {sku!r}", field="path.sku")


async def thresholds(services: Services, vendor_id: str, after: str, limit: int) -> ThresholdPage:
    """Return a page of a vendor's thresholds in order of their sku."""
    rows = await repository.thresholds(services.pool, vendor_id, after, limit + 1)
    found = [ThresholdOut(**dict(row)) for row in rows[:limit]]
    more = len(rows) > limit
    return ThresholdPage(thresholds=found, next_cursor=found[-1].sku if more else "")


async def forecast(services: Services, vendor_id: str, sku: str, days: int) -> StockForecastOut:
    """Return stock of a variant and the model's forecast, or why there is no forecast.

    Raises
    ------
    NotFoundError
        If it is not the vendor's.
    """
    row = await repository.one(services.pool, vendor_id, sku)
    if row is None:
        raise NotFoundError(f"there is no variant {sku!r}", field="path.sku")
    try:
        found = await services.models.forecast(sku, days)
    except UnknownVariantError:
        return StockForecastOut(**dict(row), forecast=None, reason="too_few_sales")
    return StockForecastOut(**dict(row), forecast=found, reason="" if found else "model_away")
