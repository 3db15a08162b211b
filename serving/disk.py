"""Read a published artifact from disk, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from models.artifacts import FORMAT, Artifact
from models.features import FeatureView

POINTER = "current"
MANIFEST = "manifest.json"
_VERSION = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$")


class UnfitArtifactError(Exception):
    """Permanent: a published artifact that must not be put into service; the reason says why."""


def pointed_at(family_dir: Path) -> str:
    """Return the version that a family's pointer names; empty if nothing is published."""
    try:
        return (family_dir / POINTER).read_text("utf-8").strip()
    except FileNotFoundError:
        return ""


def read(family_dir: Path, version: str) -> Artifact:
    """Return a family's artifact of a version.

    Raises
    ------
    UnfitArtifactError
        If a file is missing, does not match its hash, or the manifest is not one.
    """
    if not _VERSION.match(version):
        raise UnfitArtifactError(f"{POINTER}: {version!r} is not a version")
    folder = family_dir / version
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        hashes = dict(manifest["files"])
        contents = {name: (folder / Path(name).name).read_bytes() for name in hashes}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnfitArtifactError(f"{MANIFEST}: {type(error).__name__}: {error}") from error
    for name, content in contents.items():
        found = hashlib.sha256(content).hexdigest()
        if found != hashes[name]:
            raise UnfitArtifactError(f"{name}: SHA-256 is {found}, the manifest has {hashes[name]}")
    for field, wanted in (
        ("format", FORMAT),
        ("family", family_dir.name),
        ("version", version),
    ):
        if manifest.get(field) != wanted:
            raise UnfitArtifactError(f"{field}: is {manifest.get(field)!r}, expected {wanted!r}")
    return Artifact(family_dir.name, manifest, contents)


def require_features(artifact: Artifact, view: FeatureView) -> None:
    """Refuse an artifact that was trained on other features than this build computes.

    Raises
    ------
    UnfitArtifactError
        If the artifact names no feature view, or one with another hash.
    """
    features = artifact.manifest.get("features")
    found = features.get("hash") if isinstance(features, dict) else None
    if found != view.hash:
        raise UnfitArtifactError(
            f"features.hash: the artifact was trained on {found!r}, this build computes"
            f" {view.name} {view.hash!r}"
        )
