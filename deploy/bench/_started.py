"""Waiting for a server that a benchmark has started."""

from __future__ import annotations

import subprocess
import time
import urllib.request

from deploy.bench._load import LoadError

_ASK_EVERY_S = 0.05


def wait_for(url: str, process: subprocess.Popen[bytes], within_s: float = 30.0) -> None:
    """Wait until an address is answered with success.

    Parameters
    ----------
    process
        What answers, or what the answer waits for.

    Raises
    ------
    LoadError
        If there is no such answer in time, or the process has ended.
    """
    deadline = time.monotonic() + within_s
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=within_s):
                return
        except OSError:
            time.sleep(_ASK_EVERY_S)
    raise LoadError(f"there was no answer of {url}")
