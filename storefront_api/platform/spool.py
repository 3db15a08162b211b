"""Messages on disk that Kafka did not take: bounded, in order, and safe from a kill.

Each file holds a batch, and is there whole or not at all: it is written beside, synced, renamed and
its folder synced before anybody is told that the batch is kept. Batches that wait together share a
file and its sync. Each process has a folder of its own, locked as long as it lives; what a killed
one left, the next to start takes over.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple

import msgspec
import structlog

from storefront_api.platform import metrics
from storefront_api.platform.errors import AwayError

SUFFIX = ".batch"
PROCESSES = 1000
"""So many folders are tried before none is thought to be free."""

log = structlog.get_logger()


Headers = list[tuple[str, str | bytes | None]]


class Outgoing(NamedTuple):
    """A message for Kafka, with the headers of its own; what traces it is added as it is sent."""

    topic: str
    key: bytes
    payload: bytes
    headers: Headers = []


class _Kept(NamedTuple):
    """The same as it is written: headers are bytes."""

    topic: str
    key: bytes
    payload: bytes
    headers: list[tuple[str, bytes]]

    @classmethod
    def of(cls, sent: Outgoing) -> _Kept:
        """Return a message as it is written."""
        headers = [
            (name, value.encode() if isinstance(value, str) else value or b"")
            for name, value in sent.headers
        ]
        return cls(sent.topic, sent.key, sent.payload, headers)


class _Waiting(NamedTuple):
    messages: Sequence[Outgoing]
    size: int
    written: asyncio.Future[None]


class Spool:
    """One process's batches.

    Parameters
    ----------
    root
        Folder of the folders of all processes.
    max_bytes
        The most that this process keeps, about.
    """

    def __init__(self, root: Path, max_bytes: int) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._folder = root
        self._lock: IO[bytes] | None = None
        self._files: deque[Path] = deque()
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None
        self._next = 0
        self._bytes = 0
        self._filled = asyncio.Event()

    @property
    def empty(self) -> bool:
        """Whether nothing is kept, nor about to be."""
        return not self._files and not self._waiting and self._writer is None

    def open(self) -> None:
        """Take a folder, with what is in it and in those that nobody holds any more.

        Raises
        ------
        OSError
            If the root cannot be written.
        """
        left: list[tuple[Path, IO[bytes]]] = []
        for number in range(PROCESSES):
            folder = self._root / str(number)
            if self._lock is not None and not folder.exists():
                break
            folder.mkdir(parents=True, exist_ok=True)
            lock: IO[bytes] = (folder / "lock").open("ab")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                continue
            if self._lock is None:
                self._folder, self._lock = folder, lock
            else:
                left.append((folder, lock))
        for part in self._folder.glob("*.part"):
            part.unlink()
        self._files.extend(sorted(self._folder.glob(f"*{SUFFIX}")))
        self._next = int(self._files[-1].stem) + 1 if self._files else 0
        for folder, lock in left:
            for path in sorted(folder.glob(f"*{SUFFIX}")):
                self._files.append(path.rename(self._new_path()))
            lock.close()
        _sync(self._folder)
        self._count(sum(path.stat().st_size for path in self._files))
        if self._files:
            log.warning("events of an earlier outage wait for Kafka", files=len(self._files))
            self._filled.set()

    def _new_path(self) -> Path:
        self._next += 1
        return self._folder / f"{self._next - 1:020d}{SUFFIX}"

    def _count(self, added: int) -> None:
        self._bytes += added
        metrics.SPOOLED.set(self._bytes)

    async def keep(self, messages: Sequence[Outgoing]) -> None:
        """Write messages down behind those that wait already; they outlive a kill from now on.

        Raises
        ------
        AwayError
            If there is no room, or the disk does not take them.
        """
        size = sum(map(_size, messages))
        if self._bytes + sum(each.size for each in self._waiting) + size > self._max_bytes:
            raise AwayError("Kafka is away and the spool is full; nothing more is taken for now")
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(messages, size, written))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        await written

    async def _write(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting, []
            batch = [_Kept.of(message) for each in taken for message in each.messages]
            path = self._new_path()
            content = msgspec.msgpack.encode(batch)
            self._count(len(content))
            try:
                await asyncio.to_thread(_write_safely, path, content)
            except OSError as error:
                self._count(-len(content))
                log.error("the spool cannot be written", error=str(error))
                for each in taken:
                    if not each.written.done():
                        each.written.set_exception(AwayError("Kafka is away, and so is the spool"))
                continue
            self._files.append(path)
            self._filled.set()
            for each in taken:
                if not each.written.done():
                    each.written.set_result(None)
        self._writer = None

    async def oldest(self) -> tuple[Path, list[Outgoing]]:
        """Return the oldest batch and its file, as soon as there is one."""
        while True:
            while not self._files:
                self._filled.clear()
                await self._filled.wait()
            path = self._files[0]
            content = await asyncio.to_thread(path.read_bytes)
            try:
                kept = msgspec.msgpack.decode(content, type=list[_Kept])
            except msgspec.DecodeError:
                log.error("a damaged batch is set aside", path=str(path))
                path.rename(path.with_suffix(".damaged"))
                self._count(-len(content))
                self._files.popleft()
                continue
            return path, [Outgoing(*each[:3], headers=[*each.headers]) for each in kept]

    def forget(self, path: Path) -> None:
        """Remove the oldest batch: Kafka has it."""
        assert self._files[0] == path
        self._count(-path.stat().st_size)
        path.unlink()
        self._files.popleft()

    async def close(self) -> None:
        """Finish what is being written and free the folder."""
        if self._writer is not None:
            await self._writer
        if self._lock is not None:
            self._lock.close()


def _size(message: Outgoing) -> int:
    headers = sum(len(name) + len(value or b"") for name, value in message.headers)
    return len(message.payload) + len(message.key) + headers + 64


def _write_safely(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
