"""uv is brought from the index, checked."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from deploy import uv

TAG = "manylinux_2_17_x86_64"


def wheel(version: str, **others: object) -> dict[str, Any]:
    return {"filename": f"uv-{version}-py3-none-{TAG}.whl", **others}


def test_the_newest_final_version_is_taken() -> None:
    files = [
        wheel("0.9.10"),
        wheel("0.13.9"),
        wheel("0.14.0rc1"),
        wheel("0.15.0", yanked="broken"),
        {"filename": "uv-0.16.0-py3-none-win32.whl"},
        {"filename": "uv-0.16.0.tar.gz"},
    ]
    assert uv.newest(files, TAG) is files[1]


def test_a_platform_without_a_wheel_is_named() -> None:
    with pytest.raises(SystemExit, match="no wheel for riscv"):
        uv.newest([wheel("0.9.0")], "riscv")


def test_other_bytes_than_the_index_states_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "uv.whl"
    path.write_bytes(b"good")
    stated = {"sha256": hashlib.sha256(b"good").hexdigest()}
    file = {"filename": path.name, "url": path.as_uri(), "hashes": stated}
    assert uv.download(file) == b"good"
    path.write_bytes(b"evil")
    with pytest.raises(SystemExit, match="SHA-256"):
        uv.download(file)
