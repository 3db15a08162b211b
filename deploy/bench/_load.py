"""Requests at a fixed rate, whatever the server does: latency counts from the scheduled moment."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deploy.bench.result import BenchError

CONNECTIONS = 32
GRACE_S = 10.0
_GOOD = (b"HTTP/1.1 200 ", b"HTTP/1.1 201 ", b"HTTP/1.1 202 ")


class LoadError(BenchError):
    """A server under load did not answer, or not with the status that was to be measured."""


@dataclass(frozen=True)
class Latencies:
    """What one round of one route came to; latencies in milliseconds."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    per_s: float

    @classmethod
    def of(cls, seconds: Sequence[float], elapsed_s: float) -> Latencies:
        """Summarise the latencies of a round."""
        cuts = statistics.quantiles(seconds, n=100, method="inclusive")
        p50, p95, p99 = (cuts[percent - 1] * 1000 for percent in (50, 95, 99))
        return cls(p50, p95, p99, len(seconds) / elapsed_s)


def request(
    method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> bytes:
    """Return a request's bytes, HTTP/1.1 with the connection kept."""
    stated = {
        "Host": "127.0.0.1",
        "Content-Length": str(len(body)),
        "Content-Type": "application/json",
        **(headers or {}),
    }
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {text}" for name, text in stated.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def open_loop(port: int, requests: Sequence[bytes], per_s: float) -> Latencies:
    """Send one request each 1/rate seconds over a pool of connections.

    A request that finds no free connection waits, and its wait counts.

    Raises
    ------
    LoadError
        If an answer is none of 200, 201 and 202, or none comes.
    """
    async with Pool(port) as pool:
        started = time.perf_counter()

        async def one(number: int, content: bytes) -> float:
            due = started + number / per_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await pool.ask(content)
            return time.perf_counter() - due

        async with asyncio.timeout(len(requests) / per_s + GRACE_S):
            seconds = await asyncio.gather(*(one(*pair) for pair in enumerate(requests)))
        return Latencies.of(seconds, time.perf_counter() - started)


async def closed_loop(port: int, requests: Sequence[bytes], workers: int) -> float:
    """Return how many requests a second so many clients get through, each awaiting its answer."""
    async with Pool(port, workers) as pool:
        waiting = iter(requests)
        started = time.perf_counter()

        async def worker() -> None:
            for content in waiting:
                await pool.ask(content)

        await asyncio.gather(*(worker() for _ in range(workers)))
        return len(requests) / (time.perf_counter() - started)


class Pool:
    """Kept connections to one server; the client's own cost per request stays small."""

    def __init__(self, port: int, connections: int = CONNECTIONS) -> None:
        self._port = port
        self._connections = connections
        self._free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]

    async def __aenter__(self) -> Pool:
        self._free = asyncio.Queue()
        try:
            for _ in range(self._connections):
                self._free.put_nowait(await asyncio.open_connection("127.0.0.1", self._port))
        except OSError as error:
            raise LoadError(f"nothing answers on port {self._port}: {error}") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        while not self._free.empty():
            self._free.get_nowait()[1].close()

    async def ask(self, content: bytes) -> bytes:
        """Send a request over a free connection and return the body of its answer.

        Raises
        ------
        LoadError
            If the answer is none of 200, 201 and 202.
        """
        connection = await self._free.get()
        try:
            reader, writer = connection
            writer.write(content)
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            )
            body = await reader.readexactly(length)
        finally:
            self._free.put_nowait(connection)
        if not head.startswith(_GOOD):
            raise LoadError(f"{head.splitlines()[0].decode()}: {body[:300].decode()}")
        return body
