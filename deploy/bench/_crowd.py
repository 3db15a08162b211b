"""Many open connections, each a shopper who asks, waits for the answer and thinks."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from deploy.bench._load import LoadError

Ask = Callable[[int], tuple[str, bytes]]
"""Returns a shopper's next request, and the name of its route."""
OPENED_PER_S = 400
_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
_GOOD = (b"HTTP/1.1 200 ", b"HTTP/1.1 201 ", b"HTTP/1.1 202 ")


@dataclass
class Heard:
    """What came back.

    Parameters
    ----------
    seconds
        From when a request was due to its last byte, by route.
    refused
        First lines of answers that were no success, and connections that ended, with how often.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: dict[str, int] = field(default_factory=lambda: defaultdict(int))


class _Shopper(asyncio.Protocol):
    """One connection. Its requests fall due whether or not the one before was answered in time."""

    def __init__(self, number: int, ask: Ask, think_s: float, until: float, heard: Heard) -> None:
        self._source = random.Random(number)
        self._number = number
        self._ask = ask
        self._think_s = think_s
        self._until = until
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._route = ""
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Think for the first time."""
        self._transport = cast(asyncio.Transport, transport)
        self._due = self._loop.time() + self._source.random() * self._think_s
        self._loop.call_at(self._due, self._send)

    def _send(self) -> None:
        if self._loop.time() >= self._until:
            self._transport.close()
            return
        self._route, content = self._ask(self._number)
        self._transport.write(content)

    def data_received(self, data: bytes) -> None:
        """Collect an answer; when it is whole, the next request falls due after a thought."""
        self._buffer += data
        head, end, body = self._buffer.partition(_END)
        if not end:
            return
        place = head.lower().find(_LENGTH)
        length = int(head[place + len(_LENGTH) :].split(b"\r\n", 1)[0]) if place >= 0 else 0
        if len(body) < length:
            return
        self._buffer = b""
        if head.startswith(_GOOD):
            self._heard.seconds[self._route].append(self._loop.time() - self._due)
        else:
            self._heard.refused[head.split(b"\r\n", 1)[0].decode()] += 1
        thought = self._source.expovariate(1 / self._think_s)
        self._due = max(self._due + thought, self._loop.time())
        self._loop.call_at(self._due, self._send)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note a connection that the server ended."""
        if self._loop.time() < self._until:
            self._heard.refused[f"connection lost: {exc!r}"] += 1


async def crowd(
    port: int, connections: int, think_s: float, duration_s: float, ask: Ask
) -> tuple[Heard, float]:
    """Hold many connections for a while and return what was heard, and the generator's CPU share.

    Parameters
    ----------
    think_s
        Mean of the exponential pause between an answer and the next request.
    duration_s
        Time with all connections open; opening them comes before.

    Raises
    ------
    LoadError
        If a connection cannot be opened.
    """
    loop = asyncio.get_running_loop()
    opening_s = connections / OPENED_PER_S
    heard = Heard()
    until = loop.time() + opening_s + duration_s
    transports = []
    for number in range(connections):
        try:
            transport, _ = await loop.create_connection(
                lambda number=number: _Shopper(number, ask, think_s, until, heard),  # type: ignore[misc]
                "127.0.0.1",
                port,
            )
        except OSError as error:
            raise LoadError(f"connection {number} on port {port}: {error}") from error
        transports.append(transport)
        due = until - duration_s - opening_s * (1 - number / connections)
        await asyncio.sleep(max(0.0, due - loop.time()))
    began, worked = time.perf_counter(), time.process_time()
    # What was asked while connections were still being opened is no part of the measure.
    for seconds in heard.seconds.values():
        seconds.clear()
    await asyncio.sleep(max(0.0, until - loop.time()) + 2 * think_s)
    for transport in transports:
        transport.close()
    return heard, (time.process_time() - worked) / (time.perf_counter() - began)
