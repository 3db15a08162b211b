"""Erasing subjects from what models were trained to: the recommender knows shoppers by name."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from models.artifacts import with_files
from models.recommend.forget import known, without
from pipelines.artifact_store import load, promote, promoted_version, save, versions
from pipelines.erasing.receipts import Erased

FAMILY = "recommend"


def erase_artifacts(directory: Path, subjects: Sequence[str]) -> Iterator[Erased]:
    """Replace every artifact that has a row of a subject's, and yield how many had one.

    The one in service is replaced before the former goes. No other family's artifacts hold a row
    of anybody's; weights that saw some stay until the next training.

    Raises
    ------
    ValueError
        If a file of an artifact is not what was saved.
    """
    for version in versions(directory, FAMILY):
        artifact = load(directory, FAMILY, version)
        held = known(artifact.files, subjects)
        if not held:
            continue
        left = with_files(artifact, without(artifact.files, held))
        save(directory, left)
        if promoted_version(directory, FAMILY) == version:
            promote(directory, FAMILY, left.version)
        shutil.rmtree(directory / FAMILY / version)
        for subject in held:
            yield Erased(subject, "artifacts", FAMILY, 1)
