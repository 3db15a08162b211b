"""Processes that begin as copies of one which has imported what they need.

A storefront that starts spends its time on imports, and the tests start hundreds. Whatever else
there is to a start stays as it is, and the tests of the stack start everything as its users do.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

MESSAGE_BYTES = 1 << 17
POLL_S = 0.05


class Child:
    """A process, asked for as `subprocess.Popen` is."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.pid = pid
        self._nursery = nursery

    def poll(self) -> int | None:
        """Return its exit status if it has ended."""
        return self._nursery.status(self.pid)

    def wait(self, timeout: float) -> int:
        """Wait for its end and return its exit status; minus the signal's number, if it was one."""
        deadline = time.monotonic() + timeout
        while (status := self._nursery.status(self.pid, POLL_S)) is None:
            assert time.monotonic() < deadline, f"process {self.pid} has not ended"
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


class Nursery:
    """The process that is copied.

    Parameters
    ----------
    modules
        What it imports; not what is then run, which would run twice.
    """

    def __init__(self, modules: Sequence[str]) -> None:
        self._channel, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", __name__, str(other.fileno()), *modules]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, pass_fds=[other.fileno()]
        )
        other.close()
        self._ended: dict[int, int] = {}

    def start(
        self, command: Sequence[str], cwd: Path, environment: Mapping[str, str], log: Path
    ) -> Child:
        """Run a module with its arguments, as `python -m` would."""
        log.touch()
        wanted = {
            "argv": list(command),
            "cwd": str(cwd),
            "environment": dict(environment),
            "log": str(log),
        }
        self._channel.send(json.dumps(wanted).encode())
        while (pid := self._hear(None)) is None:
            pass
        # Numbers come again: one of the same number may have ended before.
        self._ended.pop(pid, None)
        return Child(self, pid)

    def status(self, pid: int, within_s: float = 0.0) -> int | None:
        """Return the exit status of a process that has ended, or does soon."""
        if pid not in self._ended:
            self._hear(within_s)
        return self._ended.get(pid)

    def _hear(self, within_s: float | None) -> int | None:
        """Take one message; return the process that it says has begun."""
        if not select.select([self._channel], [], [], within_s)[0]:
            return None
        message = self._channel.recv(MESSAGE_BYTES)
        assert message, "the process that is copied has ended"
        pid, status = json.loads(message)
        if status is None:
            return int(pid)
        self._ended[pid] = status
        return None


@cache
def nursery(*modules: str) -> Nursery:
    """Return the one that has imported these, which ends with this process."""
    return Nursery(modules)


def _copies(channel: socket.socket) -> dict[str, object] | None:
    """Copy this process whenever it is asked to; return in each copy what it is to become."""
    children: dict[int, int] = {}
    while True:
        for ready in select.select([channel.fileno(), *children], [], [])[0]:
            if ready != channel.fileno():
                pid = children.pop(ready)
                os.close(ready)
                status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                channel.send(json.dumps([pid, status]).encode())
                continue
            message = channel.recv(MESSAGE_BYTES)
            if not message:
                for pid in children.values():
                    os.kill(pid, signal.SIGKILL)
                return None
            pid = os.fork()
            if pid == 0:
                channel.close()
                for descriptor in children:
                    os.close(descriptor)
                wanted: dict[str, object] = json.loads(message)
                return wanted
            children[os.pidfd_open(pid)] = pid
            channel.send(json.dumps([pid, None]).encode())


def main(descriptor: int, modules: Sequence[str]) -> None:
    """Be copied, and be the copies."""
    for module in modules:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    wanted = _copies(socket.socket(fileno=descriptor))
    if wanted is None:
        return
    environment, argv = wanted["environment"], wanted["argv"]
    assert isinstance(environment, dict)
    assert isinstance(argv, list)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(str(wanted["cwd"]))
    log = os.open(str(wanted["log"]), os.O_WRONLY | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log, stream.fileno())
    os.close(log)
    sys.argv = argv
    runpy.run_module(argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
