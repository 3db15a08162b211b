"""Bring uv from PyPI: `python3 deploy/uv.py DIRECTORY`.

For a machine that has Python and nothing else, neither pip nor venv; so this imports only the
standard library. The index is PyPI's, or UV_DEFAULT_INDEX; its digest of the file is checked.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import sys
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

INDEX = "https://pypi.org/simple"
JSON = "application/vnd.pypi.simple.v1+json"
TIMEOUT_S = 60
CHUNK = 1 << 20
PLATFORMS = {
    ("Linux", "x86_64"): "manylinux_2_17_x86_64",
    ("Linux", "aarch64"): "manylinux_2_17_aarch64",
    ("Darwin", "x86_64"): "macosx_10_12_x86_64",
    ("Darwin", "arm64"): "macosx_11_0_arm64",
}


def newest(files: list[dict[str, Any]], tag: str) -> dict[str, Any]:
    """Return the newest final wheel of uv for a platform, as the index describes it."""
    wheels = {}
    for file in files:
        name = file["filename"]
        version = name.split("-")[1] if name.endswith(".whl") else ""
        if tag in name and version.replace(".", "").isdigit() and not file.get("yanked"):
            wheels[tuple(map(int, version.split(".")))] = file
    if not wheels:
        raise SystemExit(f"uv: the index has no wheel for {tag}")
    return wheels[max(wheels)]


def download(file: dict[str, Any]) -> bytes:
    """Return a file's bytes, after checking the digest that the index states."""
    content = io.BytesIO()
    with urllib.request.urlopen(file["url"], timeout=TIMEOUT_S) as response:
        total = int(response.headers["Content-Length"] or 0)
        while chunk := response.read(CHUNK):
            content.write(chunk)
            done = f"{content.tell() / 1e6:.0f} of {total / 1e6:.0f} MB"
            sys.stderr.write(f"\r{file['filename']}: {done}")
    sys.stderr.write("\n")
    digest = hashlib.sha256(content.getbuffer()).hexdigest()
    if digest != file["hashes"]["sha256"]:
        raise SystemExit(f"uv: SHA-256 of {file['url']} is {digest}, which is not the index's")
    return content.getvalue()


def main() -> None:
    """Put the binary `uv` into the directory that is named first."""
    machine = platform.system(), platform.machine()
    if machine not in PLATFORMS:
        name = " ".join(machine)
        raise SystemExit(f"uv: no wheel is known for {name}; put uv itself into {sys.argv[1]}")
    index = os.environ.get("UV_DEFAULT_INDEX", INDEX).rstrip("/")
    request = urllib.request.Request(f"{index}/uv/", headers={"Accept": JSON})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            files = json.load(response)["files"]
        wheel = download(newest(files, PLATFORMS[machine]))
    except OSError as error:
        raise SystemExit(f"uv: {index} does not answer ({error})") from None
    target = Path(sys.argv[1]) / "uv"
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".part")
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        (member,) = (name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
        partial.write_bytes(archive.read(member))
    partial.chmod(0o755)
    partial.rename(target)


if __name__ == "__main__":
    main()
