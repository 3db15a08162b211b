"""JupyterLab's environment and its command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from deploy.local.errors import StackError
from deploy.local.packages import ROOT, sync

FOLDER = ROOT / "notebooks"
VENV = ROOT / ".ecomarket" / "notebooks" / "venv"
"""JupyterLab alone; `make env` would take it out of `.venv` again, under a running server."""
SETTINGS = Path(__file__).resolve().parent / "settings"
FIRST = "metrics.py"


class KernelError(StackError):
    """The platform's environment cannot run notebooks; the message has the reason."""


def make(on_packages: Callable[[int], None] = lambda there: None) -> None:
    """Bring JupyterLab as it is locked, and let its kernels run in this process's environment.

    Raises
    ------
    deploy.local.packages.PackagesError
        If uv is not there, or does not succeed.
    KernelError
        If there is no ipykernel.
    """
    sync(VENV, ["--only-group", "notebooks"], on_packages)
    command = [sys.executable, "-m", "ipykernel", "install", "--prefix", str(VENV)]
    named = ["--name", "python3", "--display-name", "EcoMarket"]
    done = subprocess.run([*command, *named], capture_output=True, text=True, check=False)
    if done.returncode:
        raise KernelError(f"{' '.join(command)}: {done.stderr[-500:]}")


def command_line(port: int, *, browser: bool) -> list[str]:
    """Return the command that starts JupyterLab on the notebooks.

    Parameters
    ----------
    port
        Of 127.0.0.1; the next free one is taken if it is not free.
    browser
        Whether it opens a browser.
    """
    command = [
        str(VENV / "bin" / "jupyter-lab"),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        f"--ServerApp.root_dir={ROOT}",
        f"--ServerApp.open_browser={browser}",
        f"--LabApp.default_url=/lab/tree/{FOLDER.name}/{FIRST}",
        f"--LabApp.app_settings_dir={SETTINGS}",
    ]
    # Jupyter asks whoever is root to say so.
    return [*command, "--ServerApp.allow_root=True"] if os.geteuid() == 0 else command
