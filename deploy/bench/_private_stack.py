"""Services of a benchmark's own, so that nobody's data are touched."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.local.ports import free_ports
from deploy.local.settings import LocalSettings
from deploy.local.stack import Stack


@contextmanager
def private_services(services: Sequence[str]) -> Iterator[Stack]:
    """Start services, and what they need, on free ports in a temporary directory."""
    with tempfile.TemporaryDirectory(prefix="ecomarket-bench-") as directory:
        values: dict[str, object] = {"data_dir": Path(directory), "port_offset": 0}
        stack = Stack(LocalSettings(**(values | free_ports())))  # type: ignore[arg-type]
        try:
            stack.up(services)
            yield stack
        finally:
            stack.down()


@contextmanager
def private_stack(services: Sequence[str]) -> Iterator[dict[str, str]]:
    """Start services in the same way, and yield how clients reach them."""
    with private_services(services) as stack:
        yield stack.environment()
