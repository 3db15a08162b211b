"""Environments beside the platform's own: what only some commands need, made by uv from a lock."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.local.errors import StackError

ROOT = Path(__file__).resolve().parents[2]
_POLL_S = 0.5
_BOOTSTRAP = ROOT / ".ecomarket" / "bootstrap" / "bin" / "uv"


class PackagesError(StackError):
    """An environment cannot be made; the message has uv's reason."""


def written(environment: Path) -> int:
    """Return how many packages an environment has."""
    return sum(1 for _ in environment.glob("lib/python3*/site-packages/*.dist-info"))


def sync(environment: Path, options: Sequence[str], on_packages: Callable[[int], None]) -> None:
    """Make an environment what a lock says; where it is that already, it takes no time.

    Parameters
    ----------
    environment
        Its folder.
    options
        Of `uv sync`, as which lock and what of it.
    on_packages
        Told now and then how many packages it has.

    Raises
    ------
    PackagesError
        If uv is not there, or does not succeed.
    """
    command = [_uv(), "sync", "--locked", "--no-progress", *options]
    variables = os.environ | {"UV_PROJECT_ENVIRONMENT": str(environment)}
    environment.parent.mkdir(parents=True, exist_ok=True)
    log = environment.parent / "uv.log"
    with log.open("w+", encoding="utf-8") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=file, stderr=file)
        try:
            while process.poll() is None:
                on_packages(written(environment))
                time.sleep(_POLL_S)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    if process.returncode:
        reason = log.read_text("utf-8")[-2000:]
        raise PackagesError(f"uv ended with status {process.returncode}: {reason}")


def _uv() -> str:
    found = str(_BOOTSTRAP) if _BOOTSTRAP.exists() else shutil.which("uv")
    if found is None:
        raise PackagesError(f"{_BOOTSTRAP} does not exist; `make env` brings it")
    return found
