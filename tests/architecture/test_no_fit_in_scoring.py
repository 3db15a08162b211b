"""Whatever answers requests only applies what training left; it never learns anything itself."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TRAINERS = {"train", "cv", "fit", "refit", "partial_fit", "fit_transform", "fit_predict"}


def learning_calls(source: str) -> list[str]:
    """Return the names of the calls in a module that fit something."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Attribute):
            name = function.attr
        elif isinstance(function, ast.Name):
            name = function.id
        else:
            continue
        if name in TRAINERS or re.match(r"^_?fit(_|$)", name):
            found.append(name)
    return found


def imported(source: str) -> set[str]:
    """Return the full names that a module imports."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def answering() -> list[Path]:
    """Return the modules that answer: all but training and its packages' front doors."""
    models = [p for p in (ROOT / "models").rglob("*.py") if p.stem not in {"train", "__init__"}]
    return sorted([*models, *(ROOT / "serving").rglob("*.py")])


@pytest.mark.parametrize("path", answering(), ids=lambda path: str(path.relative_to(ROOT)))
def test_what_answers_fits_nothing(path: Path) -> None:
    assert learning_calls(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", answering(), ids=lambda path: str(path.relative_to(ROOT)))
def test_what_answers_imports_no_training(path: Path) -> None:
    assert [name for name in imported(path.read_text("utf-8")) if name.endswith(".train")] == []


@pytest.mark.parametrize(
    "line",
    [
        "model.fit(x, y)",
        "scaler.fit_transform(x)",
        "model.partial_fit(x)",
        "lgb.train({}, data)",
        "_fit(frame, seed)",
        "[s.fit(x) for s in scalers]",
    ],
)
def test_a_fit_would_be_found(line: str) -> None:
    assert learning_calls(f"def score(x):\n    return {line}\n") != []


def test_every_family_keeps_its_training_in_one_module() -> None:
    families = {p.parent.name for p in (ROOT / "models").glob("*/train.py")}
    assert families == {"recommend", "fraud", "demand", "carbon", "lifetime"}
    for family in families:
        assert (ROOT / "models" / family / "score.py").is_file()
        assert (ROOT / "models" / family / "evaluate.py").is_file()
