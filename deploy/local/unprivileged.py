"""Running a program that refuses to run as root, from root."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

NOBODY = 65534
_ID = 1000


class RootRefusedError(RuntimeError):
    """Neither a user namespace nor another user id can be had; the message says what to do."""


def _namespace() -> list[str]:
    unshare = shutil.which("unshare")
    return [unshare, "--user", f"--map-user={_ID}", f"--map-group={_ID}"] if unshare else []


def _switch() -> list[str]:
    setpriv = shutil.which("setpriv")
    ids = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return [setpriv, *ids] if setpriv else []


def prefix(program: Path, directory: Path) -> list[str]:
    """Return the command to put before a program so that it does not see itself as root.

    Root is mapped to an ordinary id in a user namespace, where files keep their owner; where
    namespaces are forbidden, the program runs as nobody, who is then given the directory.

    Parameters
    ----------
    program
        What will run; tried with ``--version``.
    directory
        The only directory that it writes to.

    Raises
    ------
    RootRefusedError
        If neither works.
    """
    if os.geteuid() != 0:
        return []
    for candidate, changes_owner in ((_namespace(), False), (_switch(), True)):
        if candidate and _works([*candidate, str(program), "--version"]):
            if changes_owner:
                _give(directory)
            return candidate
    raise RootRefusedError(
        f"{program.name} refuses to run as root, and neither a user namespace nor the user "
        f"nobody can reach {program} and {directory}; run as an ordinary user"
    )


def _works(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _give(directory: Path) -> None:
    os.chown(directory, NOBODY, NOBODY)
    for path in directory.rglob("*"):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
