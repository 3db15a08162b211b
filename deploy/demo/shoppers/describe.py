"""Writes the truth's tables into docs/simulation.md: `python -m deploy.demo.shoppers.describe`."""

from __future__ import annotations

from pathlib import Path

from deploy.demo.shoppers.truth import TABLES

PAGE = Path(__file__).resolve().parents[3] / "docs" / "simulation.md"
MARK = "<!-- tables:"


def tables() -> str:
    """Return the tables' columns as Markdown."""
    parts = []
    for name, columns in TABLES.items():
        rows = [
            f"| `{c.name}` | {str(c.type).replace('<', '&lt;')} | {c.meaning} |" for c in columns
        ]
        parts.append(
            "\n".join(
                [f"### {name}\n", "| column | type | meaning |", "| --- | --- | --- |", *rows]
            )
        )
    return "\n\n".join(parts) + "\n"


def described(page: str) -> str:
    """Return a page with the tables after its mark."""
    head, mark, rest = page.partition(MARK)
    line = rest.partition("\n")[0]
    return f"{head}{mark}{line}\n\n{tables()}"


if __name__ == "__main__":
    PAGE.write_text(described(PAGE.read_text("utf-8")), "utf-8")
