"""A set of factors that was published is never edited: a changed value is a new set."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest

SEEDS = Path(__file__).resolve().parents[2] / "dbt" / "seeds"
TABLES = (
    *("emission_factors", "category_factors", "packaging_assumptions", "end_of_life_factors"),
    *("delivery_legs", "handling_energy", "data_quality", "detour_factors"),
)
PUBLISHED = {
    "2025.1": "91870f8a204ed822bbded658877ec98a45e3b9c50d7288f381273661ea211763",
}


def contents(table: str) -> list[dict[str, str]]:
    return list(csv.DictReader((SEEDS / f"{table}.csv").open(encoding="utf-8")))


def fingerprint(version: str) -> str:
    """Return a SHA-256 of every value of a set, whatever the order of rows."""
    digest = hashlib.sha256()
    for table in TABLES:
        rows = [row for row in contents(table) if row["factor_set_version"] == version]
        values = sorted(list(row.items()) for row in rows)
        digest.update(repr((table, values)).encode())
    return digest.hexdigest()


@pytest.mark.parametrize("version", PUBLISHED)
def test_a_published_set_is_what_it_was(version: str) -> None:
    assert fingerprint(version) == PUBLISHED[version]


def test_every_set_is_published() -> None:
    assert {row["factor_set_version"] for row in contents("factor_sets")} == set(PUBLISHED)


@pytest.mark.parametrize("version", PUBLISHED)
def test_every_factor_that_a_set_names_is_one_of_its_own(version: str) -> None:
    factors = {
        row["factor_id"]
        for row in contents("emission_factors")
        if row["factor_set_version"] == version
    }
    named = {
        value
        for table in TABLES
        for row in contents(table)
        if row["factor_set_version"] == version
        for column, value in row.items()
        if column.endswith("factor_id") and value
    }
    assert named - factors == set()
