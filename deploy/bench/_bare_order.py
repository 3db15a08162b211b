"""The peer of `bench checkout`: what an order writes, as bare SQL, with nothing around it."""

from __future__ import annotations

import asyncio
import json
import random
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg

_CLAIM = "INSERT INTO idempotency_keys (caller, key, request_sha256) VALUES ('bare', $1, $2)"
_STOCK = """
WITH wanted AS (
    SELECT * FROM unnest($1::text[]) AS w (sku)
), locked AS (
    SELECT s.sku FROM stock s JOIN wanted USING (sku) ORDER BY s.sku FOR UPDATE OF s
), moved AS (
    UPDATE stock s SET on_hand = s.on_hand - 1 FROM locked
    WHERE s.sku = locked.sku AND s.on_hand >= 1 RETURNING s.sku, s.on_hand
)
INSERT INTO stock_movements (sku, delta, on_hand, reason, reference, moved_at)
SELECT sku, -1, on_hand, 'order', $2, $3 FROM moved RETURNING sku
"""
_ORDER = """
WITH placed AS (
    INSERT INTO orders (
        order_id, placed_by, subject, store_id, channel, source_ref, currency, total_minor,
        ordered_at, received_at, risk, risk_decision_id, payment, delivery, destination, tax_minor
    ) VALUES (
        $1, 'bare', 's-1', 'S1', 'web', '', 'USD', $2, $3, $3, 'unscored', '', '{}', '{}', 'US', 0
    )
)
INSERT INTO order_lines (
    order_id, line_number, sku, quantity, unit, list_minor, discount_minor, total_minor,
    tax_rate_bp, tax_minor
)
SELECT $1, n, sku, 1, 'each', 250, 0, 250, 0, 0
FROM unnest($4::text[]) WITH ORDINALITY AS l (sku, n)
"""
_LEDGER = """
WITH posted AS (
    INSERT INTO ledger_transfers (transfer_id, reference, entries, posted_at)
    VALUES ($1, $2, 2, $3)
)
INSERT INTO ledger_entries (transfer_id, account_id, amount)
VALUES ($1, 'clearing/card/USD', -$4::bigint), ($1, 'revenue/USD', $4::bigint)
"""
_ACCOUNTS = """
INSERT INTO ledger_accounts (account_id, kind, owner, unit, opened_at)
VALUES ('clearing/card/USD', 'clearing', 'card', 'USD', now()),
    ('revenue/USD', 'revenue', '', 'USD', now())
ON CONFLICT DO NOTHING
"""
_SPLIT = """
WITH sold AS (
    SELECT l.n, l.sku, p.vendor_id, p.product_id
    FROM unnest($2::text[]) WITH ORDINALITY AS l (sku, n) JOIN products p USING (sku)
), frozen AS (
    INSERT INTO order_line_commissions (
        order_id, line_number, vendor_id, product_id, rate_bp, sale_minor, commission_minor
    )
    SELECT $1, n, vendor_id, product_id, 0, 250, 0 FROM sold
), parts AS (
    INSERT INTO vendor_orders (vendor_id, order_id, currency, total_minor, placed_at)
    SELECT vendor_id, $1, 'USD', 250 * count(*), $3 FROM sold GROUP BY vendor_id ORDER BY vendor_id
)
INSERT INTO vendor_ledger (
    account, reference, kind, amount_minor, currency, order_id, line_number, booked_at
)
SELECT vendor_id, concat_ws('/', 'sale', $1::uuid, n), 'sale', 250, 'USD', $1, n, $3 FROM sold
"""
_OUTBOX = """
INSERT INTO outbox (topic, key, payload)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
"""
_KEEP = "UPDATE idempotency_keys SET status = 201, body = $2 WHERE caller = 'bare' AND key = $1"
_TOPICS = ["eco.orders.v1", "eco.inventory.v1"]


async def bare_orders(url: str, skus: Sequence[Sequence[str]], connections: int) -> float:
    """Place one order for each list of skus and return how many a second went through."""
    payload = json.dumps({"id": str(uuid.uuid4()), "padding": "x" * 1_000})
    pool: Any = await asyncpg.create_pool(url, min_size=connections, max_size=connections)
    await pool.execute(_ACCOUNTS)
    waiting = iter(skus)

    async def worker() -> None:
        async with pool.acquire() as connection:
            for wanted in waiting:
                await _one(connection, wanted, payload)

    try:
        started = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(connections)))
        return len(skus) / (time.perf_counter() - started)
    finally:
        await pool.close()


async def _one(connection: Any, skus: Sequence[str], payload: str) -> None:
    order_id, now = uuid.uuid4(), datetime.now(UTC)
    async with connection.transaction():
        await connection.execute(_CLAIM, str(order_id), random.randbytes(32))
        moved = await connection.fetch(_STOCK, list(skus), str(order_id), now)
        if len(moved) != len(skus):
            raise ValueError(f"there is not enough stock of {skus}")
        await connection.execute(_ORDER, order_id, 250 * len(skus), now, list(skus))
        await connection.execute(_LEDGER, uuid.uuid4(), f"bare/{order_id}", now, 250 * len(skus))
        await connection.execute(_SPLIT, order_id, list(skus), now)
        await connection.execute(_OUTBOX, _TOPICS, [str(order_id)] * 2, [payload] * 2)
        await connection.execute(_KEEP, str(order_id), payload)
