"""The allocation is killed in the middle, or fails with one order: nothing is allocated twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from storefront_api.events import Topic
from storefront_api.events.inventory import StockAllocatedV1
from storefront_api.inventory import allocation
from storefront_api.inventory.choosing import choose
from storefront_api.platform.database import open_pool
from tests.integration.storefront.conftest import Database, Worker, until
from tests.integration.storefront.goods import line, new_sku, order
from tests.integration.storefront.paying import Outbox
from tests.integration.storefront.tills import stated
from tests.integration.storefront.warehousing import (
    assert_books_are_right,
    places,
    shares,
    swept,
)

ORDERS = 5
WAITING = "SELECT count(*) FROM orders WHERE NOT stock_allocated"


@pytest.fixture
def killable(environment: dict[str, str], tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(environment, tmp_path / "allocation")
    yield worker
    if worker.running:
        worker.end()


def bought(shopper: httpx.Client, sku: str, units: int) -> str:
    answer = stated(shopper, order(line(sku, units)))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["order_id"])


@pytest.mark.parametrize(
    ("point", "times", "done"),
    [("taken", 1, 0), ("written", 1, 0), ("committed", 1, 2), ("written", 2, 2)],
)
def test_a_killed_allocation_has_done_whole_orders_and_the_next_does_the_rest(
    point: str,
    times: int,
    done: int,
    partner: httpx.Client,
    shopper: httpx.Client,
    database: Database,
    outbox: Outbox,
    killable: Worker,
) -> None:
    sku = new_sku(partner, opening_stock=50)
    orders = [bought(shopper, sku, 3) for _ in range(ORDERS)]
    killable.start("tests.integration.storefront.killable_allocation", point, str(times))
    assert killable.wait() == -9, killable.log()
    # Its server may still be about to notice that nobody is there to commit.
    until(lambda: places(database, sku) == {"main": (50, 3 * done)}, "its transaction is over")
    assert_books_are_right(database)
    assert swept(database) == ORDERS - done
    assert places(database, sku) == {"main": (50, 3 * ORDERS)}
    assert [shares(partner, order_id) for order_id in orders] == [{"main": 3}] * ORDERS
    for order_id in orders:
        events = outbox(Topic.INVENTORY, order_id)
        assert sum(isinstance(event, StockAllocatedV1) for event in events) == 1
    assert_books_are_right(database)


def test_workers_at_once_give_each_order_its_units_once(
    partner: httpx.Client,
    shopper: httpx.Client,
    database: Database,
    workers: None,
) -> None:
    sku = new_sku(partner, opening_stock=100)
    orders = [bought(shopper, sku, 2) for _ in range(30)]
    until(lambda: database.value(WAITING) == 0, "everything is allocated")
    assert places(database, sku) == {"main": (100, 60)}
    assert Counter(shares(partner, each)["main"] for each in orders) == {2: 30}
    assert_books_are_right(database)


def test_an_order_that_cannot_be_allocated_keeps_no_other_from_it(
    partner: httpx.Client,
    shopper: httpx.Client,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bad, good = (new_sku(partner, opening_stock=10) for _ in range(2))
    first, second = bought(shopper, bad, 1), bought(shopper, good, 1)

    def failing(wanted: Counter[str], *others: object) -> object:
        assert bad not in wanted, "of the tests"
        return choose(wanted, *others)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(allocation, "choose", failing)
        swept(database)
    assert (shares(partner, first), shares(partner, second)) == ({}, {"main": 1})
    query = "SELECT allocation_tried_at IS NOT NULL FROM orders WHERE order_id = $1"
    assert database.value(query, UUID(first))
    assert swept(database) == 0

    async def later() -> int:
        pool = await open_pool(database.url, 1)
        try:
            return await allocation.allocate(pool, datetime.now(UTC) + timedelta(minutes=2))
        finally:
            await pool.close()

    assert asyncio.run(later()) == 1
    assert shares(partner, first) == {"main": 1}
    assert_books_are_right(database)
