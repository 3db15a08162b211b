"""The whole platform comes up, survives the death of each of its services, and goes down."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from deploy.local import processes
from deploy.local.progress import Phase, Progress
from deploy.local.services import select
from deploy.local.stack import ServiceState, ServiceStatus, Stack

Rows = Callable[[Stack], Mapping[str, ServiceStatus]]


@pytest.mark.timeout(900)
def test_every_service_comes_up_heals_after_a_kill_and_goes_down(own: Stack, rows: Rows) -> None:
    told: list[Progress] = []
    own.up(on_progress=told.append)
    ready = {progress.name for progress in told if progress.phase is Phase.READY}
    assert ready == {node.name for node in select(None)}
    before = rows(own)
    assert {row.state for row in before.values()} == {ServiceState.UP}
    for name in before:
        own.kill(name)
    own.up()
    healed = rows(own)
    assert {row.state for row in healed.values()} == {ServiceState.UP}
    assert all(healed[name].pid != before[name].pid for name in before)
    own.down()
    assert {row.state for row in own.status()} == {ServiceState.DOWN}
    assert processes.own(own.settings) == {}
