"""Artifacts on disk."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.artifacts import Artifact, Training, build
from pipelines.artifact_store import promote, promoted, save


def artifact(content: bytes = b"trees") -> Artifact:
    training = Training(datetime(2018, 1, 2, tzinfo=UTC), "2017-12-19", "2018-01-01", 10, 1, {})
    return build("fraud", training, {"model.txt": content}, [])


def test_the_same_content_is_the_same_version() -> None:
    assert artifact().version == artifact().version
    assert artifact().version != artifact(b"other trees").version


def test_a_saved_version_is_whole(tmp_path: Path) -> None:
    folder = save(tmp_path, artifact())
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "model.txt"]
    assert save(tmp_path, artifact()) == folder
    assert [path.name for path in (tmp_path / "fraud").iterdir()] == [folder.name]


def test_the_pointer_moves_only_to_a_saved_version(tmp_path: Path) -> None:
    saved = artifact()
    save(tmp_path, saved)
    promote(tmp_path, "fraud", saved.version)
    with pytest.raises(FileNotFoundError, match="has no version nowhere"):
        promote(tmp_path, "fraud", "nowhere")
    assert (tmp_path / "fraud" / "current").read_text("utf-8").strip() == saved.version


def test_what_is_promoted_is_read_as_it_was_saved(tmp_path: Path) -> None:
    saved = artifact()
    assert promoted(tmp_path, "fraud") is None
    folder = save(tmp_path, saved)
    promote(tmp_path, "fraud", saved.version)
    assert promoted(tmp_path, "fraud") == saved
    (folder / "model.txt").write_bytes(b"other trees")
    with pytest.raises(ValueError, match=r"model\.txt: is not what was saved"):
        promoted(tmp_path, "fraud")
