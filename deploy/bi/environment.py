"""Superset's environment: 160 packages, locked, beside the platform's own."""

from __future__ import annotations

from collections.abc import Callable

from deploy.local.packages import sync, written
from deploy.local.superset import HOME, VENV

OnPackages = Callable[[int, int], None]
"""Told how many packages there are, of how many."""


def locked() -> int:
    """Return how many packages the lock names."""
    return (HOME / "uv.lock").read_text("utf-8").count("[[package]]")


def make(on_packages: OnPackages = lambda written, total: None) -> None:
    """Make the environment what the lock says; where it is that already, it takes no time.

    Raises
    ------
    deploy.local.packages.PackagesError
        If uv is not there, or does not succeed.
    """
    sync(VENV, ["--project", str(HOME)], lambda there: on_packages(there, locked()))
    # Some of the lock's packages are for other platforms.
    on_packages(written(VENV), written(VENV))
