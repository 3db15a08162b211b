"""The rules of the layout that no other tool checks."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("storefront_api", "pipelines", "models", "serving", "deploy")
FOLDERS = {*PACKAGES, "dbt", "notebooks", "tests", "docs"}
MAX_LINES = 400
ENTRYPOINTS = {"pipelines.definitions", "storefront_api.migrations.env"}
BANNED_NAMES = {"common", "utils", "helpers", "util", "helper", "misc"}


def tracked() -> list[Path]:
    """Return every file that git tracks, or would."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (ROOT / line for line in listing.stdout.splitlines())
    return [path for path in paths if path.is_file()]


def test_only_the_named_folders_stand_at_the_top() -> None:
    tops = {path.relative_to(ROOT).parts[0] for path in tracked() if path.parent != ROOT}
    assert {top for top in tops if not top.startswith(".")} <= FOLDERS


def test_no_source_file_is_longer_than_the_cap() -> None:
    sources = [p for p in tracked() if p.suffix in {".py", ".sql", ".html", ".js"}]
    lengths = {p.relative_to(ROOT): len(p.read_text("utf-8").splitlines()) for p in sources}
    assert {p: n for p, n in lengths.items() if n > MAX_LINES} == {}


def test_no_module_is_a_place_for_odds_and_ends() -> None:
    names = {part for p in tracked() for part in (*p.relative_to(ROOT).parts[:-1], p.stem)}
    assert names & BANNED_NAMES == set()


def test_dbt_is_not_a_python_package() -> None:
    assert not (ROOT / "dbt" / "__init__.py").exists()


def test_notebooks_are_text_as_jupyterlab_saves_it_and_define_nothing() -> None:
    notebooks = [p for p in tracked() if p.relative_to(ROOT).parts[0] == "notebooks"]
    sources = [path for path in notebooks if path.suffix == ".py"]
    assert sorted({path.suffix for path in notebooks}) == [".md", ".py"]
    for path in sources:
        text = path.read_text("utf-8")
        assert jupytext.writes(jupytext.reads(text, "py:percent"), "py:percent") == text, path
        defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        assert [n.name for n in ast.walk(ast.parse(text)) if isinstance(n, defined)] == [], path


def test_no_binary_or_data_file_is_tracked() -> None:
    banned = {".parquet", ".pkl", ".joblib", ".onnx", ".bin", ".npz", ".zip", ".gz", ".zst"}
    assert [p for p in tracked() if p.suffix in banned] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_reads_no_setting_and_opens_no_connection(package: str) -> None:
    code = (
        "import importlib, os, pkgutil, socket, sys\n"
        "def refuse(*args, **kwargs): raise AssertionError('a connection at import')\n"
        "socket.socket.connect = refuse\n"
        f"package = importlib.import_module({package!r})\n"
        f"skipped = {ENTRYPOINTS!r}\n"
        "for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "    if module.name.endswith('__main__') or '.versions.' in module.name: continue\n"
        "    if module.name in skipped: continue\n"
        "    importlib.import_module(module.name)\n"
    )
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "CLICKHOUSE_URL": "nonsense"}
    outcome = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr[-2000:]
