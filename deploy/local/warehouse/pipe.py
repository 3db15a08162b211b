"""The pipe that carries a reading statement's rows from the engine's thread to the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator

CAPACITY = 1 << 20


class Pipe:
    """A pipe with a blocking write end, for the engine, and an asynchronous read end.

    The engine waits when the client is slow, and stops with an error when the read end is closed:
    that bounds memory and ends the query of a client that went away.

    Parameters
    ----------
    loop
        The event loop that reads.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._read, self.write_end = os.pipe()
        os.set_blocking(self._read, False)
        # A user may be short of pipe memory; the default of 64 KiB works as well.
        with contextlib.suppress(PermissionError):
            fcntl.fcntl(self.write_end, fcntl.F_SETPIPE_SZ, CAPACITY)
        self._writable = True
        self._ready = asyncio.Event()
        self._aborted = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """Read until the write end is closed."""
        self._loop.add_reader(self._read, self._ready.set)
        try:
            while not self._aborted:
                try:
                    chunk = os.read(self._read, CAPACITY)
                except BlockingIOError:
                    self._ready.clear()
                    await self._ready.wait()
                    continue
                if not chunk:
                    return
                yield chunk
        finally:
            self._loop.remove_reader(self._read)

    def close_write_end(self) -> None:
        """Tell the reader that there is no more; called from the engine's thread."""
        if self._writable:
            self._writable = False
            os.close(self.write_end)

    def abort(self) -> None:
        """Stop reading; a query that still writes fails."""
        self._aborted = True
        self._ready.set()

    def close(self) -> None:
        """Close the read end; a query that still writes fails."""
        if self._read >= 0:
            os.close(self._read)
            self._read = -1
