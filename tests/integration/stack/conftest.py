"""Stacks that a test may break."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping

import pytest

from deploy.local.settings import LocalSettings
from deploy.local.stack import ServiceStatus, Stack

Until = Callable[[Callable[[], bool], str], None]
Command = Callable[..., "subprocess.CompletedProcess[str]"]
DEADLINE_S = 120.0


@pytest.fixture(scope="module")
def own(
    tmp_path_factory: pytest.TempPathFactory, stack_settings: Callable[..., LocalSettings]
) -> Iterator[Stack]:
    """The module's own stack, nothing of it started."""
    stack = Stack(stack_settings(tmp_path_factory.mktemp("own")))
    yield stack
    stack.down()


@pytest.fixture(scope="session")
def until() -> Until:
    """Poll until something is true."""

    def wait(true: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not true():
            assert time.monotonic() < deadline, f"not within {DEADLINE_S:.0f} s: {what}"
            time.sleep(0.1)

    return wait


@pytest.fixture(scope="session")
def ecomarket() -> Command:
    """Run the command as a user would, on a given stack."""

    def run(stack: Stack, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deploy.local.cli", *arguments],
            env={**os.environ, **stack.settings.variables(), **variables, "COLUMNS": "300"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def rows() -> Callable[[Stack], Mapping[str, ServiceStatus]]:
    """Return a stack's status by the names of the services."""
    return lambda stack: {row.name: row for row in stack.status()}
