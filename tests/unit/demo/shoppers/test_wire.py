"""Requests over connections that break, close, or answer that it is not the time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from deploy.demo.shoppers import wire
from deploy.demo.shoppers.wire import Answer, AwayError, Wire

Serve = Callable[[int, bytes], bytes | None]
"""Returns the answer to the n-th request; None closes the connection instead."""


def http(status: int, body: bytes = b"{}", *headers: str) -> bytes:
    """Return an answer's bytes."""
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(head).encode() + body


async def with_server(
    serve: Serve, work: Callable[[Wire], Awaitable[None]], connections: int = 4
) -> tuple[list[bytes], int]:
    """Work with a server and return the requests that it got, and the connections."""
    requests: list[bytes] = []
    opened = 0

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                requests.append(head + await reader.readexactly(length))
                answer = serve(len(requests), requests[-1])
                if answer is None:
                    break
                writer.write(answer)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = Wire(f"http://127.0.0.1:{port}", connections)
    try:
        await work(client)
    finally:
        client.close()
        server.close()
    return requests, opened


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "WAIT_S", 0.001)
    monkeypatch.setattr(wire, "PATIENCE_S", 0.3)


async def test_one_connection_carries_one_request_after_the_other() -> None:
    async def work(client: Wire) -> None:
        for number in range(5):
            answer = await client.ask("PUT", f"/x/{number}", b'{"a":1}', "X-Y: z\r\n")
            assert answer == Answer(200, str(number + 1).encode())

    requests, opened = await with_server(lambda n, _: http(200, str(n).encode()), work)
    assert opened == 1
    assert requests[0].startswith(b"PUT /x/0 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Content-Type: application/json\r\nContent-Length: 7\r\nX-Y: z\r\n\r\n" in requests[0]


async def test_a_form_says_that_it_is_one() -> None:
    async def work(client: Wire) -> None:
        await client.ask("POST", "/", b"a=b", "Content-Type: text/x\r\n")

    requests, _ = await with_server(lambda *_: http(200), work)
    assert requests[0].count(b"Content-Type") == 1
    assert b"Content-Type: text/x" in requests[0]


async def test_there_are_not_more_connections_than_there_may_be() -> None:
    async def work(client: Wire) -> None:
        await asyncio.gather(*(client.ask("GET", "/") for _ in range(40)))

    requests, opened = await with_server(lambda *_: http(200), work, connections=3)
    assert len(requests) == 40
    assert 1 <= opened <= 3


async def test_what_was_lost_is_asked_again() -> None:
    async def work(client: Wire) -> None:
        assert (await client.ask("GET", "/")).ok

    requests, opened = await with_server(lambda n, _: None if n < 3 else http(200), work)
    assert (len(requests), opened) == (3, 3)


async def test_what_may_be_sent_once_is_sent_once() -> None:
    async def work(client: Wire) -> None:
        with pytest.raises(AwayError, match="POST /collect"):
            await client.ask("POST", "/collect", again=False)

    requests, _ = await with_server(lambda *_: None, work)
    assert len(requests) == 1


@pytest.mark.parametrize(
    "busy", [http(503), http(409, b'{"code":"key_in_flight"}')], ids=["away", "under way"]
)
async def test_it_waits_while_the_store_is_busy(busy: bytes) -> None:
    async def work(client: Wire) -> None:
        assert (await client.ask("POST", "/")).status == 200

    requests, _ = await with_server(lambda n, _: busy if n < 4 else http(200), work)
    assert len(requests) == 4


async def test_other_conflicts_are_answers() -> None:
    async def work(client: Wire) -> None:
        answer = await client.ask("POST", "/")
        assert (answer.status, answer.ok) == (409, False)

    await with_server(lambda *_: http(409, b'{"code":"out_of_stock"}'), work)


async def test_it_gives_up_in_the_end() -> None:
    async def work(client: Wire) -> None:
        with pytest.raises(AwayError, match="503"):
            await client.ask("GET", "/")

    await with_server(lambda *_: http(503), work)


async def test_a_server_that_is_not_there_is_away() -> None:
    client = Wire("http://127.0.0.1:9", 1)
    with pytest.raises(AwayError):
        await client.ask("GET", "/")


async def test_a_connection_that_the_server_closes_is_not_used_again() -> None:
    async def work(client: Wire) -> None:
        for _ in range(3):
            assert (await client.ask("GET", "/")).ok

    _, opened = await with_server(lambda *_: http(200, b"", "Connection: close"), work)
    assert opened == 3


async def test_an_answer_that_nobody_waits_for_is_not_taken_for_anothers() -> None:
    held = asyncio.Event()

    async def work(client: Wire) -> None:
        first = asyncio.create_task(client.ask("GET", "/first"))
        while not held.is_set():
            await asyncio.sleep(0)
        first.cancel()
        assert (await client.ask("GET", "/second")).body == b"second"

    def serve(number: int, request: bytes) -> bytes:
        held.set()
        return http(200, b"first" if b"/first" in request else b"second")

    await with_server(serve, work, connections=1)


async def test_what_is_not_http_is_lost() -> None:
    async def work(client: Wire) -> None:
        with pytest.raises(AwayError, match="not HTTP"):
            await client.ask("GET", "/", again=False)

    await with_server(lambda *_: b"nonsense\r\n\r\n", work)
