"""Starting, watching and stopping the services of one data directory."""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from threading import Event

import psutil

from deploy.local import orchestrator, processes
from deploy.local.environment import client_environment, warehouse_users
from deploy.local.errors import BusyError, ServiceFailedError, StackError
from deploy.local.graph import run_backward, run_forward
from deploy.local.health import NotReadyError
from deploy.local.logs import tail
from deploy.local.ports import require_free
from deploy.local.progress import OnProgress, Phase, Progress, silent
from deploy.local.services import SERVICES, Service, Task, select, wanted
from deploy.local.settings import LocalSettings
from deploy.local.supervision import ROOT, State, Supervised, Supervisor, service_environment

_POLL_S = 0.2
_LOG_LINES = 15


class ServiceState(StrEnum):
    """How a service is, as its users see it."""

    UP = "up"
    STARTING = "starting"
    DOWN = "down"
    FAILED = "failed"
    ORPHANED = "orphaned"
    """It runs, but its supervisor was killed; `up` stops and starts it again."""


@dataclass(frozen=True)
class ServiceStatus:
    """One row of `ecomarket status`; what a service lacks is None."""

    name: str
    state: ServiceState
    pid: int | None
    port: int | None
    uptime_s: float | None


class Stack:
    """The services under one data directory.

    Parameters
    ----------
    settings
        Where it lives, its ports and its limits.
    """

    def __init__(self, settings: LocalSettings) -> None:
        self.settings = settings
        self._supervisor = Supervisor(settings)

    def environment(self) -> dict[str, str]:
        """Return the variables by which clients find the services."""
        return client_environment(self.settings)

    def up(self, services: Sequence[str] | None = None, on_progress: OnProgress = silent) -> None:
        """Start services, with all that they need, and wait until each one answers.

        Parameters
        ----------
        services
            Names; None means every service but those that start on request.
        on_progress
            Called from several threads with what each one is at, at least every few seconds.

        Raises
        ------
        PortInUseError
            If a port is taken by another program; nothing is started then.
        ServiceFailedError
            If one ends or is not ready in time; the others are left running.
        """
        nodes = wanted(self.settings, services)
        self._prepare()
        with self._locked():
            if self._supervisor.is_up():
                self._supervisor.reload()
            else:
                processes.sweep(self.settings, on_progress)
                require_free(self.settings, [n for n in nodes if isinstance(n, Service)])
                self._supervisor.launch()
            running = self._supervisor.processes()
            idle = [
                node
                for node in nodes
                if isinstance(node, Service) and not running[node.name].state.is_active
            ]
            require_free(self.settings, idle)
            cancelled = Event()

            def bring(node: Service | Task) -> None:
                if isinstance(node, Task):
                    self._run(node, on_progress, cancelled)
                else:
                    self._start(node, on_progress, cancelled)

            run_forward(nodes, bring, cancelled)

    def down(self, on_progress: OnProgress = silent) -> None:
        """Stop every service, each before what it needs, and the supervisor."""
        self._prepare()
        with self._locked():
            if self._supervisor.is_up():
                run_backward(select(SERVICES), lambda node: self._stop(node, on_progress))
                self._supervisor.shutdown()
            processes.sweep(self.settings, on_progress)

    def stop(self, service: str, on_progress: OnProgress = silent) -> None:
        """Stop one service; whatever needs it is left running."""
        select([service])
        with self._locked():
            if self._supervisor.is_up():
                self._stop(SERVICES[service], on_progress)

    def kill(self, service: str) -> int:
        """Kill a service's process with SIGKILL, as a crash would, and return its process id.

        Raises
        ------
        StackError
            If it does not run.
        """
        select([service])
        pid = self._supervisor.processes()[service].pid
        if not pid:
            raise StackError(f"{service} does not run, so it cannot be killed")
        process = psutil.Process(pid)
        process.kill()
        processes.wait_ended([process], processes.STOP_WAIT_S)
        return pid

    def status(self) -> list[ServiceStatus]:
        """Return how each service is, asked at this moment.

        One that starts on request is left out while it does not run.
        """
        return [
            row
            for row in self._rows()
            if row.state is not ServiceState.DOWN or not SERVICES[row.name].on_request
        ]

    def _rows(self) -> list[ServiceStatus]:
        if not self._supervisor.is_up():
            orphans = processes.own(self.settings)
            return [
                self._orphan(service, orphans.get(service.name)) for service in SERVICES.values()
            ]
        known = self._supervisor.processes()
        with ThreadPoolExecutor(len(SERVICES)) as pool:
            return list(pool.map(lambda s: self._status(s, known[s.name]), SERVICES.values()))

    def _orphan(self, service: Service, left: list[psutil.Process] | None) -> ServiceStatus:
        if not left:
            return self._row(service, ServiceState.DOWN)
        first = left[0]
        return self._row(service, ServiceState.ORPHANED, first.pid, first.create_time())

    def _status(self, service: Service, process: Supervised) -> ServiceStatus:
        if process.state is State.FATAL:
            return self._row(service, ServiceState.FAILED)
        if not process.state.is_active:
            return self._row(service, ServiceState.DOWN)
        try:
            service.check(self.settings, process.started_at)
        except NotReadyError:
            return self._row(service, ServiceState.STARTING, process.pid, process.started_at)
        return self._row(service, ServiceState.UP, process.pid, process.started_at)

    def _row(
        self, service: Service, state: ServiceState, pid: int = 0, started_at: float = 0.0
    ) -> ServiceStatus:
        return ServiceStatus(
            name=service.name,
            state=state,
            pid=pid or None,
            port=self.settings.port(service.ports[0]) if service.ports else None,
            uptime_s=round(max(0.0, time.time() - started_at), 1) if pid else None,
        )

    def _prepare(self) -> None:
        self.settings.logs_dir.mkdir(parents=True, exist_ok=True)
        self.settings.artifacts_dir.mkdir(exist_ok=True)
        dagster = self.settings.data_dir / "dagster"
        dagster.mkdir(exist_ok=True)
        (dagster / "dagster.yaml").write_text(orchestrator.configuration(self.settings), "utf-8")
        orchestrator.workspace_file(self.settings).write_text(
            orchestrator.workspace(self.settings), "utf-8"
        )
        users = self.settings.warehouse_users
        users.touch(0o600)
        users.write_text(warehouse_users(self.environment()), "utf-8")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        path = self.settings.data_dir / "stack.lock"
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BusyError(
                    f"another `ecomarket up` or `down` works on {self.settings.data_dir}; "
                    "wait for it, or set ECOMARKET_DATA_DIR to another directory"
                ) from error
            yield

    def _start(self, service: Service, on_progress: OnProgress, cancelled: Event) -> None:
        began = time.monotonic()
        detail = ""

        def report(phase: Phase) -> float:
            elapsed = time.monotonic() - began
            on_progress(Progress(service.name, phase, detail, elapsed))
            return elapsed

        if not self._supervisor.processes()[service.name].state.is_active:
            self._supervisor.start(service.name)
        while not cancelled.is_set():
            elapsed = report(Phase.STARTING)
            process = self._supervisor.processes()[service.name]
            detail = process.reason
            if process.state in {State.STARTING, State.RUNNING}:
                try:
                    service.check(self.settings, process.started_at)
                except NotReadyError as error:
                    detail = str(error)
                else:
                    report(Phase.READY)
                    return
            ended = process.state in {State.FATAL, State.STOPPED}
            if ended or elapsed > self.settings.ready_timeout_s:
                report(Phase.FAILED)
                raise self._failure(service.name, "ended" if ended else "is not ready", detail)
            cancelled.wait(_POLL_S)

    def _run(self, task: Task, on_progress: OnProgress, cancelled: Event) -> None:
        began = time.monotonic()
        environment = os.environ | service_environment(self.settings, task)
        with (self.settings.logs_dir / f"{task.name}.log").open("ab") as log:
            command = task.command(self.settings)
            process = subprocess.Popen(
                command, env=environment, cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        try:
            while process.poll() is None and not cancelled.is_set():
                elapsed = time.monotonic() - began
                on_progress(Progress(task.name, Phase.STARTING, "runs", elapsed))
                if elapsed > self.settings.ready_timeout_s:
                    break
                cancelled.wait(_POLL_S)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        phase = Phase.FAILED if process.returncode else Phase.READY
        on_progress(Progress(task.name, phase, "", time.monotonic() - began))
        if process.returncode and not cancelled.is_set():
            raise self._failure(task.name, "failed", f"exit status {process.returncode}")

    def _failure(self, name: str, what: str, detail: str) -> ServiceFailedError:
        path = self.settings.logs_dir / f"{name}.log"
        lines = "".join(f"\n  {line}" for line in tail(path, _LOG_LINES))
        limit = f"within {self.settings.ready_timeout_s:.0f} s (ECOMARKET_READY_TIMEOUT_S)"
        when = f" {limit}" if what == "is not ready" else ""
        return ServiceFailedError(f"{name} {what}{when}: {detail}\nthe end of {path}:{lines}")

    def _stop(self, node: Service | Task, on_progress: OnProgress) -> None:
        if isinstance(node, Task):
            return
        began = time.monotonic()
        if self._supervisor.processes()[node.name].state.is_active:
            on_progress(Progress(node.name, Phase.STOPPING, "", 0.0))
            self._supervisor.stop(node.name)
            on_progress(Progress(node.name, Phase.STOPPED, "", time.monotonic() - began))
