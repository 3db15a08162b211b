"""The store's client of serving: late answers are given up, and those that follow do not suffer."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle

import pytest

from storefront_api.platform.model_endpoint import ModelEndpoint, Slate

ANSWER = b'{"decision_id": "0160a2b4-5c00-7000-8000-0000000000a0", "slate": [{"sku": "one"}]}'
DEADLINE_S = 0.05


@dataclass
class Server:
    """Speaks HTTP/1.1, and takes as long over each answer as ``delays`` says."""

    delays: Iterator[float]
    url: str = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                await asyncio.sleep(next(self.delays))
                head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(ANSWER)
                writer.write(head + ANSWER)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@asynccontextmanager
async def served(*delays: float) -> AsyncIterator[tuple[Server, ModelEndpoint]]:
    server = Server(cycle(delays))
    listening = await asyncio.start_server(server.answer, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    endpoint = ModelEndpoint(server.url, DEADLINE_S)
    try:
        yield server, endpoint
    finally:
        await endpoint.close()
        listening.close()


async def ask(endpoint: ModelEndpoint, count: int) -> list[Slate | None]:
    return await asyncio.gather(*(endpoint.recommend("s-1", 1, []) for _ in range(count)))


async def test_an_answer_in_time_is_used() -> None:
    async with served(0) as (_, endpoint):
        slate = await endpoint.recommend("s-1", 1, ["two"])
    assert slate == Slate(("one",), "0160a2b4-5c00-7000-8000-0000000000a0")


async def test_a_late_answer_is_not_waited_for() -> None:
    async with served(1.0) as (_, endpoint):
        async with asyncio.timeout(0.8):
            assert await endpoint.recommend("s-1", 1, []) is None


@pytest.mark.parametrize("together", [8, 100])
async def test_after_late_answers_those_in_time_are_used_again(together: int) -> None:
    """A pool whose connections stay taken after a cancelled call would answer nothing any more."""
    async with served(0, 0.049, 0.05, 0.051, 0.06, 0.2) as (server, endpoint):
        for _ in range(600 // together):
            await ask(endpoint, together)
        server.delays = cycle([0])
        await asyncio.sleep(0.3)
        answers = [slate for _ in range(20) for slate in await ask(endpoint, 4)]
    assert None not in answers


async def test_nobody_there_is_no_answer() -> None:
    endpoint = ModelEndpoint("http://127.0.0.1:9", DEADLINE_S)
    assert await endpoint.recommend("s-1", 1, []) is None
    await endpoint.close()
