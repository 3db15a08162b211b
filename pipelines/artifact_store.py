"""Artifacts on disk: every version kept, and a pointer to the one that serving answers with."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from tempfile import mkdtemp

from models.artifacts import Artifact

POINTER = "current"
MANIFEST = "manifest.json"


def save(directory: Path, artifact: Artifact) -> Path:
    """Write an artifact beside the others; its folder appears whole or not at all.

    The same version again is left as it is.
    """
    family = directory / artifact.family
    family.mkdir(parents=True, exist_ok=True)
    target = family / artifact.version
    if target.exists():
        return target
    unfinished = Path(mkdtemp(prefix=".unfinished-", dir=family))
    unfinished.chmod(0o755)
    for name, content in artifact.files.items():
        (unfinished / name).write_bytes(content)
    (unfinished / MANIFEST).write_text(json.dumps(artifact.manifest, indent=2), "utf-8")
    try:
        unfinished.rename(target)
    except OSError:
        shutil.rmtree(unfinished)
        if not target.exists():
            raise
    return target


def promote(directory: Path, family: str, version: str) -> None:
    """Make a saved version the one that serving answers with, in one step.

    Raises
    ------
    FileNotFoundError
        If there is no such version.
    """
    folder = directory / family
    if not (folder / version / MANIFEST).is_file():
        raise FileNotFoundError(f"{family} has no version {version}")
    unfinished = folder / f".{POINTER}.{os.getpid()}"
    unfinished.write_text(version + "\n", "utf-8")
    unfinished.replace(folder / POINTER)
