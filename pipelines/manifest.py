"""dbt's manifest, parsed anew when a file of the project is younger than it."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROJECT_DIR = Path(__file__).resolve().parent.parent / "dbt"


class ManifestError(RuntimeError):
    """The dbt project does not parse; the message ends with what dbt said."""


def _is_stale(manifest: Path) -> bool:
    if not manifest.exists():
        return True
    parsed_at = manifest.stat().st_mtime
    folders = ("models", "metrics", "seeds", "macros", "snapshots", "tests")
    sources = [PROJECT_DIR / "dbt_project.yml", PROJECT_DIR / "profiles.yml"]
    sources += [path for folder in folders for path in (PROJECT_DIR / folder).rglob("*")]
    return any(path.exists() and path.stat().st_mtime > parsed_at for path in sources)


def load_manifest() -> Mapping[str, Any]:
    """Return the parsed manifest; the warehouse need not be up.

    The daemon, the webserver and every run load it at the same time, so that parsing is locked.

    Raises
    ------
    ManifestError
        If the project does not parse.
    """
    target = PROJECT_DIR / "target"
    target.mkdir(exist_ok=True)
    manifest = target / "manifest.json"
    with (target / "parse.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_stale(manifest):
            _parse(target)
        content: Mapping[str, Any] = json.loads(manifest.read_text("utf-8"))
    return content


def _parse(target: Path) -> None:
    dbt = Path(sys.executable).with_name("dbt")
    command = [str(dbt), "parse", "--quiet", "--target-path", str(target)]
    outcome = subprocess.run(
        command,
        cwd=PROJECT_DIR,
        env={**os.environ, "DBT_PROFILES_DIR": str(PROJECT_DIR)},
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode:
        raise ManifestError(f"dbt parse failed in {PROJECT_DIR}: {outcome.stdout[-2000:]}")
