"""A provider of a module's own, and what it tells."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.payments.running import Receiver, Running


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """What the provider tells."""
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()


@pytest.fixture(scope="module")
def running(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A provider of these tests' own."""
    host, port = receiver.server.server_address[:2]
    running = Running(tmp_path_factory.mktemp("provider"), f"http://{host!s}:{port}/hooks")
    running.start()
    yield running
    running.worker.end()
