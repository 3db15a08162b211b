"""Checkouts by the hundred while the storefront and the relay are killed again and again.

What the store has committed is whole, and exactly that reaches the warehouse, each event once.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import asyncpg
import pytest

from deploy.local.stack import Stack
from pipelines.warehouse import connect
from storefront_api.events import Topic
from tests.integration.stack.asking import Client, product

CHECKOUTS = int(os.environ.get("ECOMARKET_CHAOS_CHECKOUTS", "300"))
SHOPPERS = 12
KILLED = ("storefront", "relay") * 4
PRODUCTS = 40
ABANDONED = 10
"""One checkout of so many is cancelled instead of paid."""
SEED = 20_261_125
WRONG_STOCK = """
SELECT sku FROM stock s WHERE reserved <> 0
OR on_hand <> (SELECT sum(delta) FROM stock_movements m WHERE m.sku = s.sku)
"""
"""Products of which some are still kept, or more or fewer there than their ledger says."""
UNBALANCED = """
SELECT a.unit FROM ledger_entries e JOIN ledger_accounts a USING (account_id)
GROUP BY a.unit HAVING sum(e.amount) <> 0
"""
"""Units of the ledger in which debits are not credits."""
WRONG_BALANCES = """
SELECT a.account_id FROM ledger_accounts a LEFT JOIN ledger_entries e USING (account_id)
WHERE a.balance IS NOT NULL
GROUP BY a.account_id HAVING a.balance <> coalesce(sum(e.amount), 0)
"""
"""Accounts whose kept balance is not the sum of their entries."""
WRONG_SALES = """
SELECT o.order_id, count(DISTINCT t.transfer_id), sum(e.amount)
FROM orders o LEFT JOIN ledger_transfers t ON t.reference = 'order/' || o.order_id
LEFT JOIN ledger_entries e ON e.transfer_id = t.transfer_id AND e.account_id = 'revenue/USD'
GROUP BY o.order_id, o.total_minor
HAVING count(DISTINCT t.transfer_id) <> 1 OR sum(e.amount) IS DISTINCT FROM o.total_minor
"""
"""Orders that were not posted once, over their total."""
SALES = "SELECT count(*) FROM ledger_transfers WHERE reference LIKE 'order/%'"
CLEARING = "SELECT coalesce(sum(amount), 0) FROM ledger_entries WHERE account_id LIKE 'clearing/%'"
"""What is taken by no means of payment yet; after the settlement nothing."""
TAKEN = "SELECT -sum(delta) FROM stock_movements WHERE reason = 'order'"


async def buy(store: Client, provider: Client, number: int, source: random.Random) -> None:
    """Go through one checkout to its order, or leave it."""
    token = (await store.ask("POST", "/sessions"))["token"]
    for sku in source.sample(range(PRODUCTS), 2):
        wanted = {"quantity": source.randint(1, 3), "saved": False}
        await store.ask("PUT", f"/cart/lines/K{sku}", token, json=wanted)
    delivery = {"mode": "van", "packaging": "paper_bag", "distance_km": 5.0, "area": "452"}
    opening = {"store_id": "S1", "delivery": delivery}
    checkout = (await store.ask("POST", "/checkouts", token, json=opening))["checkout_id"]
    if number % ABANDONED == 0:
        await store.ask("DELETE", f"/checkouts/{checkout}", token)
        return
    payment = await store.ask("POST", f"/checkouts/{checkout}/payment", token)
    form = {"client_secret": payment["client_secret"], "payment_method": "pm_card_visa"}
    await provider.ask("POST", f"/v1/payment_intents/{payment['intent_id']}/confirm", data=form)
    await store.ask("POST", f"/checkouts/{checkout}/complete", token)


async def trade(environment: Mapping[str, str], done: Counter[str]) -> None:
    """Do all checkouts, some at a time."""
    source = random.Random(SEED)
    async with aiohttp.ClientSession() as session:
        store = Client(session, environment["STOREFRONT_URL"])
        provider = Client(session, environment["PAYMENT_URL"])
        products = [product(f"K{number}") for number in range(PRODUCTS)]
        await store.ask(
            "POST", "/catalog/imports", environment["PARTNER_TOKEN"], json={"products": products}
        )
        waiting = iter(range(CHECKOUTS))

        async def shopper(own: random.Random) -> None:
            for number in waiting:
                await buy(store, provider, number, own)
                done["checkouts"] += 1

        await asyncio.gather(*(shopper(random.Random(source.random())) for _ in range(SHOPPERS)))


async def kill(stack: Stack, done: Counter[str]) -> None:
    """Kill a process whenever another part of the checkouts is through; its supervisor heals it."""
    for number, service in enumerate(KILLED, start=1):
        while done["checkouts"] < number * CHECKOUTS // (len(KILLED) + 1):
            await asyncio.sleep(0.02)
        await asyncio.to_thread(stack.kill, service)
        await asyncio.to_thread(stack.up, ["storefront", "relay"])
        done[service] += 1


async def rows(environment: Mapping[str, str], query: str) -> list[tuple[Any, ...]]:
    """Run one query in the store's database."""
    connection = await asyncpg.connect(environment["DATABASE_URL"])
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


@pytest.mark.timeout(900)
def test_what_was_committed_is_whole_and_arrives_once(
    own: Stack, until: Callable[[Callable[[], bool], str], None]
) -> None:
    own.up(["storefront", "checkouts", "relay", "sink"])
    environment = own.environment()
    done: Counter[str] = Counter()

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(trade(environment, done))
            group.create_task(kill(own, done))

    asyncio.run(both())

    def store(query: str) -> list[tuple[Any, ...]]:
        return asyncio.run(rows(environment, query))

    def settled() -> bool:
        unsettled = store("SELECT 1 FROM checkouts WHERE settled_at IS NULL AND intent_id <> ''")
        return not unsettled and not store("SELECT 1 FROM outbox LIMIT 1")

    until(settled, "every payment is settled and every event relayed")
    assert done == {"checkouts": CHECKOUTS, "storefront": 4, "relay": 4}
    states = dict(store("SELECT state, count(*) FROM checkouts GROUP BY state"))
    assert states == {"completed": CHECKOUTS * 9 // 10, "cancelled": CHECKOUTS // 10}
    orders = store("SELECT order_id::text, total_minor FROM orders")
    paid = store("SELECT checkout_id::text, due_minor FROM checkouts WHERE state = 'completed'")
    assert Counter(orders) == Counter(paid)
    assert store(WRONG_STOCK) == []
    assert store("SELECT sum(quantity) FROM order_lines") == store(TAKEN)
    for wrong in (UNBALANCED, WRONG_BALANCES, WRONG_SALES):
        assert store(wrong) == [], wrong
    assert store(SALES) == [(len(orders),)]
    assert store(CLEARING) == [(0,)]
    check_warehouse(environment, orders, until)


def check_warehouse(
    environment: Mapping[str, str],
    orders: list[tuple[Any, ...]],
    until: Callable[[Callable[[], bool], str], None],
) -> None:
    """Compare the warehouse's events with the store's orders."""
    with connect(environment["CLICKHOUSE_URL"]) as client:

        def arrived(query: str) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in client.query(query).result_rows]

        query = (
            "SELECT JSONExtractString(data, 'order_id'), JSONExtractInt(data, 'total_minor') "
            "FROM raw.orders WHERE type = 'order_completed'"
        )
        captured = (
            "SELECT JSONExtractString(data, 'checkout_id'), JSONExtractInt(data, 'amount_minor') "
            "FROM raw.payments WHERE JSONExtractString(data, 'outcome') = 'captured'"
        )
        for told in (query, captured):

            def complete(told: str = told) -> bool:
                return len(arrived(told)) >= len(orders)

            until(complete, f"the warehouse has all of: {told}")
            assert Counter(arrived(told)) == Counter(orders)
        for topic in Topic:
            once = f"SELECT count() - uniqExact(event_id) FROM raw.{topic.module}"
            assert arrived(once) == [(0,)], topic
