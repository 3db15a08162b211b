"""Our own processes, told from everyone else's by a mark in their environment.

A process id in a file may by now be somebody else's; a mark that only our supervisor sets cannot.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

import psutil

from deploy.local.services import SERVICES
from deploy.local.settings import LocalSettings

STACK = "ECOMARKET_STACK"
SERVICE = "ECOMARKET_SERVICE"
SUPERVISOR = "supervisor"
STOP_WAIT_S = 15.0


def mark(settings: LocalSettings, service: str) -> dict[str, str]:
    """Return the variables that mark a process as part of this stack."""
    return {STACK: str(settings.data_dir), SERVICE: service}


def own(settings: LocalSettings) -> dict[str, list[psutil.Process]]:
    """Return the living processes of this stack by the name of their service.

    Whoever asks is left out, with its ancestors: a pipeline run may well call `ecomarket`.
    """
    here = psutil.Process()
    asking = {here.pid, *(parent.pid for parent in here.parents())}
    found: dict[str, list[psutil.Process]] = {}
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            dead = process.status() == psutil.STATUS_ZOMBIE
        except (psutil.Error, OSError):
            continue
        ours = environment.get(STACK) == str(settings.data_dir) and process.pid not in asking
        if ours and not dead:
            found.setdefault(environment.get(SERVICE, ""), []).append(process)
    return found


def sweep(settings: LocalSettings) -> list[str]:
    """Stop what an earlier supervisor left behind, consumers before stores; return the names."""
    left = own(settings)
    order = [SUPERVISOR, *(n for n in left if n not in SERVICES), *reversed(list(SERVICES))]
    stopped = [name for name in dict.fromkeys(order) if name in left]
    for name in stopped:
        number = signal.SIGTERM
        if name in SERVICES:
            number = signal.Signals[f"SIG{SERVICES[name].stop_signal}"]
        _stop(left[name], number)
    return stopped


def _stop(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    members = {process.pid for process in processes}
    for process in processes:
        try:
            # Children are told by their parents, which know in which order.
            if process.ppid() not in members:
                os.kill(process.pid, number)
        except (psutil.NoSuchProcess, ProcessLookupError):
            continue
    _, alive = psutil.wait_procs(processes, timeout=STOP_WAIT_S)
    for process in alive:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(alive, timeout=STOP_WAIT_S)
