"""What a user sees: status, errors, two checkouts, and a supervisor that was killed."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
import pytest
import valkey

from deploy.local import processes
from deploy.local.errors import BusyError, ServiceFailedError
from deploy.local.settings import LocalSettings
from deploy.local.stack import ServiceState, ServiceStatus, Stack

Command = Callable[..., "subprocess.CompletedProcess[str]"]
Rows = Callable[[Stack], Mapping[str, ServiceStatus]]


@pytest.fixture
def fresh(tmp_path: Path, stack_settings: Callable[..., LocalSettings]) -> Iterator[Stack]:
    """A stack for one test, its directory too deep for a socket."""
    stack = Stack(stack_settings(tmp_path / ("deep" * 20)))
    yield stack
    stack.down()


def test_status_is_json_with_name_state_pid_port_and_uptime(
    fresh: Stack, ecomarket: Command
) -> None:
    assert ecomarket(fresh, "up", "valkey").returncode == 0
    outcome = ecomarket(fresh, "status", "--json")
    shown = {row.pop("name"): row for row in json.loads(outcome.stdout)}
    row = shown["valkey"]
    assert row["state"] == "up"
    assert psutil.pid_exists(row["pid"])
    assert row["port"] == fresh.settings.valkey_port
    assert row["uptime_s"] >= 0
    down = {"state": "down", "pid": None, "uptime_s": None}
    assert shown["postgres"] == down | {"port": fresh.settings.postgres_port}


def test_down_leaves_no_process_and_may_be_repeated(fresh: Stack, ecomarket: Command) -> None:
    fresh.up(["valkey", "postgres"])
    for _ in range(2):
        assert ecomarket(fresh, "down").returncode == 0
        assert processes.own(fresh.settings) == {}
    assert {row.state for row in fresh.status()} == {ServiceState.DOWN}


def test_a_port_in_use_is_one_error_that_names_port_and_setting_and_nothing_starts(
    fresh: Stack, ecomarket: Command
) -> None:
    number = fresh.settings.valkey_port
    with socket.create_server(("127.0.0.1", number)):
        outcome = ecomarket(fresh, "up", "valkey", "postgres")
    assert outcome.returncode == 1
    assert outcome.stderr.count("error:") == 1
    assert f"port {number}" in outcome.stderr
    assert "ECOMARKET_VALKEY_PORT" in outcome.stderr
    assert f"process {os.getpid()}" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert processes.own(fresh.settings) == {}


def test_a_bad_setting_is_an_error_without_a_traceback(fresh: Stack, ecomarket: Command) -> None:
    outcome = ecomarket(fresh, "up", ECOMARKET_KAFKA_HEAP_MB="little")
    assert outcome.returncode == 1
    assert "ECOMARKET_KAFKA_HEAP_MB=little" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_service_that_does_not_start_fails_with_the_end_of_its_log(
    tmp_path: Path, stack_settings: Callable[..., LocalSettings]
) -> None:
    stack = Stack(stack_settings(tmp_path, ready_timeout_s=5.0))
    (tmp_path / "valkey").write_text("a file where the store wants a folder")
    with pytest.raises(ServiceFailedError, match=r"valkey is not ready within 5 s[^$]*FileExists"):
        stack.up(["valkey"])
    stack.down()


def test_two_checkouts_run_side_by_side(
    fresh: Stack, tmp_path: Path, stack_settings: Callable[..., LocalSettings]
) -> None:
    other = Stack(stack_settings(tmp_path / "other"))
    try:
        for stack, word in ((fresh, "mine"), (other, "theirs")):
            stack.up(["valkey"])
            with valkey.Valkey.from_url(stack.environment()["VALKEY_URL"]) as client:
                client.set("whose", word)
        fresh.down()
        with valkey.Valkey.from_url(other.environment()["VALKEY_URL"]) as client:
            assert client.get("whose") == b"theirs"
    finally:
        other.down()


def test_a_second_up_at_the_same_time_is_refused(fresh: Stack) -> None:
    fresh.settings.data_dir.mkdir(parents=True)
    with (fresh.settings.data_dir / "stack.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BusyError, match="another `ecomarket up` or `down`"):
            fresh.up(["valkey"])


def test_a_killed_supervisor_is_healed_and_only_our_orphans_are_stopped(
    fresh: Stack, rows: Rows
) -> None:
    fresh.up(["postgres", "valkey"])
    with valkey.Valkey.from_url(fresh.environment()["VALKEY_URL"]) as client:
        client.set("kept", 1)
    before = rows(fresh)
    stranger = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"],
        env=os.environ | fresh.settings.variables() | fresh.environment(),
        cwd=fresh.settings.data_dir,
    )
    try:
        [supervisor] = processes.own(fresh.settings)[processes.SUPERVISOR]
        os.kill(supervisor.pid, signal.SIGKILL)
        processes.wait_ended([supervisor], 30)
        orphans = rows(fresh)
        for name in ("postgres", "valkey"):
            assert orphans[name].state is ServiceState.ORPHANED
            assert orphans[name].pid == before[name].pid
        fresh.up(["postgres", "valkey"])
        healed = rows(fresh)
        for name in ("postgres", "valkey"):
            assert healed[name].state is ServiceState.UP
            assert healed[name].pid != before[name].pid
        with valkey.Valkey.from_url(fresh.environment()["VALKEY_URL"]) as client:
            assert client.get("kept") == b"1"
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
