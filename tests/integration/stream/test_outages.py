"""Kafka and Valkey die under the stream; it waits, and what they hold in the end is right."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import valkey

from deploy.local.stack import Stack
from tests.integration.stream.conftest import StreamProcess, until
from tests.integration.stream.feed import account, history, produce
from tests.integration.stream.test_stream import sets


@pytest.mark.parametrize("service", ["valkey", "kafka"])
def test_a_store_or_broker_that_dies_and_returns_is_caught_up_with(
    stream: StreamProcess,
    store: valkey.Valkey,
    broker: str,
    stack: Callable[..., Stack],
    run: str,
    service: str,
) -> None:
    sent = history(run, 600, seed=21)
    stream.start()
    produce(broker, sent[:300])
    until(lambda: bool(sets(store, run)), "it is in the middle")
    # The supervisor starts it again.
    stack(service).kill(service)
    produce(broker, sent[300:])

    def complete() -> bool:
        try:
            return sets(store, run) == account(sent)
        except valkey.exceptions.ConnectionError:
            return False

    until(complete, "the sets are complete")
    assert stream.running
    assert stream.end() == 0
