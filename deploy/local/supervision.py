"""supervisord: its configuration, written anew at each start, and its XML-RPC interface."""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from http.client import HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import psutil
from supervisor.xmlrpc import SupervisorTransport

from deploy.local.environment import client_environment
from deploy.local.errors import SupervisorError
from deploy.local.processes import SUPERVISOR, mark, wait_ended
from deploy.local.services import SERVICES, Service, Task
from deploy.local.settings import LocalSettings

ROOT = Path(__file__).resolve().parents[2]
_MAX_SOCKET_PATH = 100
"""Linux allows 107 bytes, macOS 103; supervisord appends its process id while it binds."""
_RPC_WAIT_S = 10.0
_RESTARTS = 10
_STOP_WAIT_S = 30


class State(IntEnum):
    """supervisord's own states (supervisor.states.ProcessStates)."""

    STOPPED = 0
    STARTING = 10
    RUNNING = 20
    BACKOFF = 30
    STOPPING = 40
    EXITED = 100
    FATAL = 200
    UNKNOWN = 1000

    @property
    def is_active(self) -> bool:
        """Whether the supervisor keeps the process running, or tries to."""
        # What has exited is started again at the supervisor's next look.
        return self in {State.STARTING, State.RUNNING, State.BACKOFF, State.EXITED}


@dataclass(frozen=True)
class Supervised:
    """What the supervisor knows of a process; `pid` is 0 unless it runs."""

    state: State
    pid: int
    started_at: float
    reason: str


def service_environment(settings: LocalSettings, node: Service | Task) -> dict[str, str]:
    """Return the variables of one service or command, beside those of the caller."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    metrics = node.metrics if isinstance(node, Service) else None
    return {
        **client_environment(settings),
        **settings.variables(),
        **mark(settings, node.name),
        **({"METRICS_PORT": str(settings.port(metrics))} if metrics else {}),
        "PATH": path,
        "PYTHONUNBUFFERED": "1",
        # Where an image forbids Python to keep what it compiled, each start would compile all.
        "PYTHONDONTWRITEBYTECODE": "",
        # Tools of others report home unless told not to.
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
    }


def socket_path(settings: LocalSettings) -> Path:
    """Return where supervisord listens: in the data directory, unless that is too deep."""
    near = settings.data_dir / "supervisor.sock"
    if len(os.fsencode(near)) <= _MAX_SOCKET_PATH:
        return near
    digest = hashlib.sha256(os.fsencode(settings.data_dir)).hexdigest()[:12]
    name = f"ecomarket-{os.getuid()}-{digest}.sock"
    far = Path(tempfile.gettempdir()) / name
    return far if len(os.fsencode(far)) <= _MAX_SOCKET_PATH else Path("/tmp") / name


def _value(text: str) -> str:
    return text.replace("%", "%%")


def configuration(settings: LocalSettings) -> str:
    """Return supervisord's ini file for every service of the stack."""
    logs = settings.logs_dir
    sections: dict[str, dict[str, object]] = {
        "unix_http_server": {"file": socket_path(settings), "chmod": "0700"},
        "supervisord": {
            "logfile": logs / "supervisord.log",
            "logfile_maxbytes": "5MB",
            "pidfile": settings.data_dir / "supervisord.pid",
            "childlogdir": logs,
        },
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": ("supervisor.rpcinterface:make_main_rpcinterface")
        },
    }
    for service in SERVICES.values():
        variables = service_environment(settings, service).items()
        sections[f"program:{service.name}"] = {
            "command": shlex.join(service.command(settings)),
            "directory": ROOT,
            "environment": ",".join(f'{name}="{value}"' for name, value in variables),
            "autostart": "false",
            "autorestart": "true",
            "startsecs": 1,
            "startretries": _RESTARTS,
            "stopsignal": service.stop_signal,
            "stopwaitsecs": _STOP_WAIT_S,
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": logs / f"{service.name}.log",
            "stdout_logfile_maxbytes": "20MB",
            "stdout_logfile_backups": 2,
        }
    return "\n".join(
        "\n".join([f"[{title}]", *(f"{k}={_value(str(v))}" for k, v in options.items())]) + "\n"
        for title, options in sections.items()
    )


class Supervisor:
    """The stack's supervisord, whether it runs or not."""

    def __init__(self, settings: LocalSettings) -> None:
        self._settings = settings

    def _call(self, method: str, *arguments: Any) -> Any:
        # One connection a call: a proxy is not safe to share between threads.
        transport = SupervisorTransport(None, None, f"unix://{socket_path(self._settings)}")
        try:
            with ServerProxy("http://127.0.0.1", transport=transport) as proxy:
                return getattr(proxy.supervisor, method)(*arguments)
        except Fault:
            raise
        except (OSError, HTTPException) as error:
            raise SupervisorError(f"the supervisor does not answer: {error}") from error

    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            self._call("getState")
        except (SupervisorError, Fault):
            return False
        return True

    def _configure(self) -> Path:
        path = self._settings.data_dir / "supervisord.ini"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(configuration(self._settings))
        return path

    def launch(self) -> None:
        """Start it in the background, with nothing running under it.

        Raises
        ------
        SupervisorError
            If it does not start.
        """
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._configure())]
        environment = os.environ | mark(self._settings, SUPERVISOR)
        outcome = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        deadline = time.monotonic() + _RPC_WAIT_S
        while not self.is_up():
            if outcome.returncode or time.monotonic() > deadline:
                log = self._settings.logs_dir / "supervisord.log"
                raise SupervisorError(f"supervisord does not start: {outcome.stderr} (see {log})")
            time.sleep(0.05)

    def reload(self) -> None:
        """Take over changed settings; services that they touch are stopped."""
        self._configure()
        [[added, changed, removed]] = self._call("reloadConfig")
        for name in [*changed, *removed]:
            self._call("stopProcessGroup", name)
            self._call("removeProcessGroup", name)
        for name in [*added, *changed]:
            self._call("addProcessGroup", name)

    def processes(self) -> Mapping[str, Supervised]:
        """Return what is known of each service."""
        return {
            info["name"]: Supervised(
                state=State(info["state"]),
                pid=info["pid"],
                started_at=float(info["start"]),
                reason=info["spawnerr"] or info["description"],
            )
            for info in self._call("getAllProcessInfo")
        }

    def start(self, name: str) -> None:
        """Have a service started, without waiting for it."""
        self._call("startProcess", name, False)

    def stop(self, name: str) -> None:
        """Stop a service and wait until it has ended."""
        self._call("stopProcess", name, True)

    def shutdown(self) -> None:
        """End the supervisor and whatever runs under it, and wait."""
        process = psutil.Process(self._call("getPID"))
        self._call("shutdown")
        if wait_ended([process], _STOP_WAIT_S):
            raise SupervisorError(f"supervisord ({process.pid}) does not end")
