"""Superset's environment: 160 packages, locked, beside the platform's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from deploy.local.errors import StackError
from deploy.local.superset import HOME, ROOT, VENV

_POLL_S = 0.5
_BOOTSTRAP = ROOT / ".ecomarket" / "bootstrap" / "bin" / "uv"
OnPackages = Callable[[int, int], None]
"""Told how many packages there are, of how many."""


class BiEnvironmentError(StackError):
    """The environment cannot be made; the message has uv's reason."""


def _uv() -> str:
    found = str(_BOOTSTRAP) if _BOOTSTRAP.exists() else shutil.which("uv")
    if found is None:
        raise BiEnvironmentError(f"{_BOOTSTRAP} does not exist; `make env` brings it")
    return found


def locked() -> int:
    """Return how many packages the lock names."""
    return (HOME / "uv.lock").read_text("utf-8").count("[[package]]")


def _written() -> int:
    return sum(1 for _ in VENV.glob("lib/python3*/site-packages/*.dist-info"))


def make(on_packages: OnPackages = lambda written, total: None) -> None:
    """Make the environment what the lock says; where it is that already, it takes no time.

    Raises
    ------
    BiEnvironmentError
        If uv is not there, or does not succeed.
    """
    command = [_uv(), "sync", "--locked", "--no-progress", "--project", str(HOME)]
    environment = os.environ | {"UV_PROJECT_ENVIRONMENT": str(VENV)}
    VENV.parent.mkdir(parents=True, exist_ok=True)
    log: Path = VENV.parent / "uv.log"
    with log.open("w+", encoding="utf-8") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
        try:
            while process.poll() is None:
                on_packages(_written(), locked())
                time.sleep(_POLL_S)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    if process.returncode:
        raise BiEnvironmentError(f"uv ended with status {process.returncode}: {_end(log)}")
    # Some of the lock's packages are for other platforms.
    on_packages(_written(), _written())


def _end(log: Path) -> str:
    return log.read_text("utf-8")[-2000:]
