"""Kafka and a warehouse of a benchmark's own, so that nobody's data are touched."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy.local.settings import LocalSettings, Port
from deploy.local.stack import Stack


@contextmanager
def private_stack(services: Sequence[str]) -> Iterator[dict[str, str]]:
    """Start services on free ports in a temporary directory; yield how clients reach them."""
    with tempfile.TemporaryDirectory(prefix="ecomarket-bench-") as directory:
        values: dict[str, object] = {"data_dir": Path(directory), "port_offset": 0}
        stack = Stack(LocalSettings(**(values | _free_ports())))  # type: ignore[arg-type]
        try:
            stack.up(services)
            yield stack.environment()
        finally:
            stack.down()


def _free_ports() -> dict[str, object]:
    with ExitStack() as held:
        probes = {port.value: held.enter_context(socket.socket()) for port in Port}
        for probe in probes.values():
            probe.bind(("127.0.0.1", 0))
        return {name: int(probe.getsockname()[1]) for name, probe in probes.items()}


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
