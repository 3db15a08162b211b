"""The metrics of the dbt project, and their page: `python -m deploy.marts.catalogue`."""

from __future__ import annotations

from pathlib import Path

from models.metrics import Catalogue, page, parse
from pipelines.manifest import PROJECT_DIR

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"


def load() -> Catalogue:
    """Read the metrics of the dbt project.

    Raises
    ------
    models.metrics.DefinitionError
        If a definition breaks a rule.
    """
    return parse(
        path.read_text("utf-8") for path in sorted((PROJECT_DIR / "metrics").glob("*.yml"))
    )


if __name__ == "__main__":
    PAGE.write_text(page(load()), "utf-8")
