"""What orders and checkouts write: finding places for what they sold takes none of their time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import httpx
import pytest

from storefront_api.checkouts import repository as checkouts
from storefront_api.checkouts.completion import complete
from storefront_api.checkouts.schemas import CheckoutIn
from storefront_api.checkouts.service import open_checkout
from storefront_api.orders.schemas import OrderIn
from storefront_api.orders.service import Placing, place
from storefront_api.platform.auth import PARTNER, Caller
from storefront_api.platform.clock import system_clock
from storefront_api.platform.database import open_pool
from storefront_api.platform.idempotency import Request
from storefront_api.platform.policy import Role
from storefront_api.services import Services
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import key, line, new_sku, order
from tests.integration.storefront.paying import body, opened
from tests.integration.storefront.tills import subject_of
from tests.integration.storefront.warehousing import assert_books_are_right, places, swept

WRITTEN = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)(?! SKIP)")


class Counting:
    """A pool whose transactions are written down."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self.statements: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        async with self._pool.acquire() as connection:
            yield _Noting(connection, self.statements)

    def written(self) -> list[set[str]]:
        """Return the tables that each statement writes, of those that write any."""
        tables = [set(WRITTEN.findall(statement)) - {"OF"} for statement in self.statements]
        return [each for each in tables if each]


class _Noting:
    def __init__(self, connection: Any, statements: list[str]) -> None:
        self._connection = connection
        self._statements = statements

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if name not in ("fetch", "fetchrow", "fetchval", "execute"):
            return found

        def noted(statement: str, *values: Any) -> Any:
            self._statements.append(statement)
            return found(statement, *values)

        return noted


def written_by(
    database: Database, work: Callable[[Services], Awaitable[object]]
) -> tuple[list[set[str]], int]:
    """Return the tables that each statement of some work writes, and how many statements it had."""

    async def unscored(*_: object) -> Any:
        return SimpleNamespace(action="unscored", decision_id="")

    async def run() -> tuple[list[set[str]], int]:
        pool = await open_pool(database.url, 2)
        try:
            counting = Counting(pool)
            services = SimpleNamespace(
                pool=counting,
                clock=system_clock,
                models=SimpleNamespace(score=unscored),
                settings=SimpleNamespace(checkout_seconds=900, home_country="US"),
            )
            await work(cast(Services, services))
            return counting.written(), len(counting.statements)
        finally:
            await pool.close()

    return asyncio.run(run())


@pytest.fixture
def sku(partner: httpx.Client) -> str:
    return new_sku(partner, list_price_minor=0)


def test_an_order_writes_what_it_wrote_before_there_were_warehouses(
    database: Database, sku: str
) -> None:
    async def work(services: Services) -> None:
        request = Request(PARTNER, key()["Idempotency-Key"], b"")
        placing = Placing(request, Caller(PARTNER, "", Role.PARTNER), None, "")
        wanted = OrderIn.model_validate(order(line(sku, 2), subject="s-1"))
        assert (await place(services, placing, wanted)).status == 201

    written, statements = written_by(database, work)
    assert written == [
        {"idempotency_keys"},
        {"stock", "stock_movements"},
        {"orders", "order_changes", "order_lines"},
        {"vendor_orders", "order_line_commissions", "vendor_ledger"},
        {"outbox"},
        {"idempotency_keys"},
    ]
    assert statements == len(written)
    assert places(database, sku) == {"main": (100, 0)}
    swept(database)
    assert places(database, sku) == {"main": (100, 2)}
    assert_books_are_right(database)


def test_a_checkout_keeps_and_takes_from_the_stock_alone(
    database: Database, shopper: httpx.Client, sku: str
) -> None:
    subject = subject_of(shopper)
    caller = Caller(subject, subject, Role.GUEST)
    shopper.put(f"/cart/lines/{sku}", json={"quantity": 1, "saved": False}).raise_for_status()

    async def opening(services: Services) -> None:
        request = Request(subject, key()["Idempotency-Key"], b"")
        wanted = CheckoutIn.model_validate(body())
        assert (await open_checkout(services, request, caller, wanted, "")).status == 201

    written, _ = written_by(database, opening)
    assert written == [
        {"idempotency_keys"},
        {"stock", "reservations"},
        {"checkouts"},
        {"outbox"},
        {"idempotency_keys"},
    ]
    checkout_id = UUID(opened(shopper, sku)["checkout_id"])

    async def completing(services: Services) -> None:
        checkout = await checkouts.find(services.pool, checkout_id, subject)
        assert checkout is not None
        assert await complete(services, checkout, "")

    written, _ = written_by(database, completing)
    moved = [each for each in written if each & {"stock", "stock_movements", "reservations"}]
    assert moved == [{"reservations", "stock", "stock_movements"}]
    assert not any("warehouse" in table or "alloc" in table for t in written for table in t)
    swept(database)
    assert places(database, sku) == {"main": (100, 1)}
    assert_books_are_right(database)
