"""Artifacts on disk: every version kept, and a pointer to the one that serving answers with."""

from __future__ import annotations

import hashlib
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


def promoted_version(directory: Path, family: str) -> str:
    """Return the version that is answered with; empty if there is none yet."""
    pointer = directory / family / POINTER
    return pointer.read_text("utf-8").strip() if pointer.is_file() else ""


def versions(directory: Path, family: str) -> list[str]:
    """Return the versions that are saved, the oldest first."""
    return sorted(path.parent.name for path in (directory / family).glob(f"[!.]*/{MANIFEST}"))


def load(directory: Path, family: str, version: str) -> Artifact:
    """Return a version that is saved.

    Raises
    ------
    ValueError
        If a file of it is not what was saved.
    """
    folder = directory / family / version
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    files = {name: (folder / name).read_bytes() for name in manifest["files"]}
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != manifest["files"][name]:
            raise ValueError(f"{folder / name}: is not what was saved")
    return Artifact(family, manifest, files)


def promoted(directory: Path, family: str) -> Artifact | None:
    """Return the version that is answered with; None if there is none yet.

    Raises
    ------
    ValueError
        If a file of it is not what was saved.
    """
    version = promoted_version(directory, family)
    return load(directory, family, version) if version else None
