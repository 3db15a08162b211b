"""Our own processes, told from everyone else's by a mark in their environment.

A process id in a file may by now be somebody else's; a mark that only our supervisor sets cannot.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence

import psutil

from deploy.local.progress import OnProgress, Phase, Progress, silent
from deploy.local.services import SERVICES
from deploy.local.settings import LocalSettings

STACK = "ECOMARKET_STACK"
SERVICE = "ECOMARKET_SERVICE"
SUPERVISOR = "supervisor"
STOP_WAIT_S = 15.0
_POLL_S = 0.02


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


def wait_ended(members: Sequence[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Wait until processes have ended, and return those that have not in time.

    A zombie has ended: in a container nobody may ever collect the orphans.
    """
    deadline = time.monotonic() + timeout_s
    alive = list(members)
    while (alive := [p for p in alive if _is_alive(p)]) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    return alive


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def sweep(settings: LocalSettings, on_progress: OnProgress = silent) -> None:
    """Stop what an earlier supervisor left behind, consumers before stores."""
    left = own(settings)
    order = [SUPERVISOR, *(n for n in left if n not in SERVICES), *reversed(list(SERVICES))]
    for name in dict.fromkeys(order):
        if name not in left:
            continue
        began = time.monotonic()
        on_progress(Progress(name, Phase.STOPPING, "left behind", 0.0))
        number = signal.SIGTERM
        if name in SERVICES:
            number = signal.Signals[f"SIG{SERVICES[name].stop_signal}"]
        _stop(left[name], number)
        on_progress(Progress(name, Phase.STOPPED, "", time.monotonic() - began))


def _stop(members: Sequence[psutil.Process], number: signal.Signals) -> None:
    pids = {process.pid for process in members}
    for process in members:
        try:
            # Children are told by their parents, which know in which order.
            if process.ppid() not in pids:
                process.send_signal(number)
        except psutil.NoSuchProcess:
            continue
    for process in wait_ended(members, STOP_WAIT_S):
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    wait_ended(members, STOP_WAIT_S)
