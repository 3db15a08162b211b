"""Idempotency keys hold for a day, and are then forgotten a few at a time."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest

from deploy.local.ports import free_port
from storefront_api.platform import idempotency
from storefront_api.platform.database import open_pool
from storefront_api.platform.idempotency import KEPT_FOR, PURGED_AT_ONCE, purge
from tests.integration import plain
from tests.integration.storefront.conftest import Database, Worker, until
from tests.integration.storefront.goods import key, line, new_sku, order

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_INSERT = """
INSERT INTO idempotency_keys (caller, key, request_sha256, status, body, created_at)
SELECT $1, n::text, '', 201, '{}', $2 FROM generate_series(1, $3) AS n
"""


def add(database: Database, caller: str, created_at: datetime, count: int = 1) -> None:
    database.rows(_INSERT, caller, created_at, count)


def left(database: Database, caller: str) -> int:
    query = "SELECT count(*) FROM idempotency_keys WHERE caller = $1"
    return int(database.value(query, caller))


def purged(database: Database, times: int = 1) -> list[int]:
    """Purge several times at once and return how many keys each call forgot."""

    async def at_once() -> list[int]:
        pool = await open_pool(database.url, times)
        try:
            return list(await asyncio.gather(*(purge(pool, NOW) for _ in range(times))))
        finally:
            await pool.close()

    return asyncio.run(at_once())


def test_a_key_is_kept_for_a_day_and_then_forgotten(database: Database) -> None:
    young, old = uuid.uuid4().hex, uuid.uuid4().hex
    add(database, young, NOW - KEPT_FOR)
    add(database, old, NOW - KEPT_FOR - timedelta(milliseconds=1))
    assert timedelta(hours=24) == KEPT_FOR
    assert purged(database) == [1]
    assert (left(database, young), left(database, old)) == (1, 0)


def test_a_batch_is_bounded_and_takes_the_oldest(database: Database) -> None:
    older, old = uuid.uuid4().hex, uuid.uuid4().hex
    add(database, old, NOW - timedelta(days=2), 10)
    add(database, older, NOW - timedelta(days=3), PURGED_AT_ONCE)
    assert purged(database) == [PURGED_AT_ONCE]
    assert (left(database, older), left(database, old)) == (0, 10)
    assert purged(database) == [10]
    assert purged(database) == [0]


def test_several_at_once_forget_each_key_once(database: Database) -> None:
    caller = uuid.uuid4().hex
    add(database, caller, NOW - timedelta(days=2), 3 * PURGED_AT_ONCE)
    forgotten = purged(database, 4)
    forgotten += purged(database, 4)
    assert sum(forgotten) == 3 * PURGED_AT_ONCE
    assert left(database, caller) == 0


def test_keys_are_found_by_age_through_an_index(database: Database) -> None:
    async def plan() -> str:
        connection = await asyncpg.connect(database.url)
        try:
            # A table that is small would be read as a whole, whatever indexes there are.
            await connection.execute("SET enable_seqscan = off")
            purging = idempotency._PURGE.replace("$1", "now()").replace("$2", "10")
            return "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {purging}"))
        finally:
            await connection.close()

    assert "idempotency_keys_by_age" in asyncio.run(plan())


def test_the_checkouts_worker_forgets_and_counts(
    database: Database, start_worker: Callable[..., Worker]
) -> None:
    caller, port = uuid.uuid4().hex, free_port()
    add(database, caller, datetime.now(UTC) - timedelta(hours=25), 5)
    start_worker("storefront_api.checkouts.worker", METRICS_PORT=str(port))
    until(lambda: left(database, caller) == 0, "the old keys are forgotten")
    figures = plain.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text
    (line_,) = [
        each
        for each in figures.splitlines()
        if each.startswith("ecomarket_idempotency_keys_purged_total ")
    ]
    assert float(line_.split()[1]) >= 5


def test_a_forgotten_key_places_a_new_order(partner: httpx.Client, database: Database) -> None:
    sku, headers = new_sku(partner), key()
    wanted = order(line(sku), subject="s-1")
    first = partner.post("/orders", json=wanted, headers=headers).json()
    again = partner.post("/orders", json=wanted, headers=headers).json()
    aged = "UPDATE idempotency_keys SET created_at = $2 WHERE key = $1"
    database.rows(aged, headers["Idempotency-Key"], NOW - timedelta(days=2))
    purged(database)
    later = partner.post("/orders", json=wanted, headers=headers).json()
    assert first["order_id"] == again["order_id"] != later["order_id"]


@pytest.mark.parametrize("times", [3])
def test_a_receipt_that_is_sent_again_is_taken_in_once(
    partner: httpx.Client, database: Database, times: int
) -> None:
    sku, headers = new_sku(partner), key()
    receipt = {"reference": "note-1", "items": [{"sku": sku, "quantity": 5}]}
    answers = [
        partner.post("/inventory/receipts", json=receipt, headers=headers) for _ in range(times)
    ]
    assert [(a.status_code, a.json()) for a in answers] == [
        (201, [{"sku": sku, "on_hand": 105}])
    ] * times
    assert database.value("SELECT on_hand FROM stock WHERE sku = $1", sku) == 105
    assert partner.post("/inventory/receipts", json=receipt).status_code == 422
