"""dbt's project keeps the rules of dbt/bouncer.yml, and what breaks one is named."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.manifest import PROJECT_DIR, load_manifest

RULES = PROJECT_DIR / "bouncer.yml"
MART = "model.ecomarket.fct_payments"


def bounce(manifest: Mapping[str, Any], folder: Path) -> list[str]:
    """Return what the rules find in a project, each as rule and resource."""
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    rules = yaml.safe_load(RULES.read_text("utf-8")) | {"dbt_artifacts_dir": str(folder)}
    (folder / "bouncer.yml").write_text(yaml.safe_dump(rules), "utf-8")
    found = folder / "found.json"
    command = [str(Path(sys.executable).with_name("dbt-bouncer")), "--output-file", str(found)]
    done = subprocess.run(
        [*command, "--config-file", str(folder / "bouncer.yml")],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.exists(), done.stdout + done.stderr
    runs = json.loads(found.read_text("utf-8"))
    failed = [run for run in runs if run["outcome"] != "success"]
    assert (done.returncode == 0) == (not failed)
    return sorted(re.sub(r":\d+:?", " ", run["check_run_id"]).strip() for run in failed)


@pytest.fixture
def manifest() -> dict[str, Any]:
    copied: dict[str, Any] = json.loads(json.dumps(load_manifest()))
    return copied


def test_the_project_keeps_its_rules(manifest: dict[str, Any], tmp_path: Path) -> None:
    assert bounce(manifest, tmp_path) == []


def test_what_breaks_a_rule_is_named(manifest: dict[str, Any], tmp_path: Path) -> None:
    mart = manifest["nodes"][MART]
    mart["description"] = ""
    mart["depends_on"]["nodes"].append("source.ecomarket.raw.social")
    mart["raw_code"] += "\nunion all select * from raw.social"
    for test in manifest["nodes"].values():
        if test.get("attached_node") == MART:
            test["test_metadata"]["name"] = "not_null"
    assert bounce(manifest, tmp_path) == [
        "check_lineage_source_cannot_be_used fct_payments",
        "check_model_description_populated fct_payments",
        "check_model_documentation_coverage",
        "check_model_does_not_directly_join_to_source fct_payments",
        "check_model_hard_coded_references fct_payments",
        "check_model_has_unique_test fct_payments",
    ]


def test_exposures_are_made_of_marts_and_features(manifest: dict[str, Any]) -> None:
    read = {
        (exposure["name"], manifest["nodes"][node]["fqn"][1])
        for exposure in manifest["exposures"].values()
        for node in exposure["depends_on"]["nodes"]
    }
    assert {folder for _, folder in read} <= {"marts", "features"}
    assert len(read) >= 3


def test_every_exception_is_of_a_model_that_there_is() -> None:
    checks = yaml.safe_load(RULES.read_text("utf-8"))["manifest_checks"]
    patterns = {pattern for check in checks for pattern in check.get("exclude", [])}
    models = [
        path.relative_to(PROJECT_DIR).as_posix() for path in (PROJECT_DIR / "models").rglob("*.sql")
    ]
    assert [p for p in patterns if not any(re.match(p, model) for model in models)] == []
