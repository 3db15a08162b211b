"""Who waits for a connection gets one in turn, however many newcomers ask."""

from __future__ import annotations

import asyncio

from storefront_api.platform.database import open_pool

ASKING = 400


async def test_connections_go_to_who_asked_first(postgres_url: str) -> None:
    pool = await open_pool(postgres_url, 1)
    asked: list[int] = []
    served: list[int] = []

    async def ask(number: int) -> None:
        # Some come at the very moment when another one gives a connection back.
        for _ in range(number):
            await asyncio.sleep(0)
        asked.append(number)
        async with pool.acquire() as connection:
            served.append(number)
            await connection.fetchval("SELECT 1")

    await asyncio.gather(*(ask(number) for number in range(ASKING)))
    await pool.close()
    assert served == asked


async def test_who_gives_up_waiting_costs_the_pool_nothing(postgres_url: str) -> None:
    pool = await open_pool(postgres_url, 1)
    async with pool.acquire():
        given_up = asyncio.create_task(pool.fetchval("SELECT 1"))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.wait([given_up])
    assert await asyncio.wait_for(pool.fetchval("SELECT 2"), 30) == 2
    await pool.close()
