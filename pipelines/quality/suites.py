"""The expectation suites, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any

import yaml


class SuiteError(ValueError):
    """A suite file breaks a rule; the message names the file, the field and the rule."""


class Boundary(StrEnum):
    """Where a suite stands guard."""

    RAW_IN = "raw_in"
    MARTS_OUT = "marts_out"


@dataclass(frozen=True)
class Suite:
    """Expectations about the rows of one table on a range of days.

    Parameters
    ----------
    name
        Name of the file without its ending.
    boundary
        Which of the two boundaries it guards.
    table
        Qualified table, ``schema.name``.
    day
        SQL expression that gives a row's day; bounds the range that is validated.
    columns
        SQL select list that the expectations see.
    group_by
        SQL to group the rows by, for tables too large to look at row by row; empty for none.
    expectations
        Great Expectations types in snake_case with their arguments.
    """

    name: str
    boundary: Boundary
    table: str
    day: str
    columns: str
    group_by: str
    expectations: tuple[tuple[str, dict[str, Any]], ...]


def _parse(name: str, text: str) -> Suite:
    content = yaml.safe_load(text)
    required = {"boundary", "table", "day", "columns", "expectations"}
    if not isinstance(content, dict) or set(content) - {"group_by"} != required:
        raise SuiteError(f"{name}: a suite has the fields {', '.join(sorted(required))}")
    if content["boundary"] not in list(Boundary):
        raise SuiteError(f"{name}: boundary must be one of {', '.join(Boundary)}")
    expectations = []
    for entry in content["expectations"]:
        if not isinstance(entry, dict) or len(entry) != 1:
            raise SuiteError(f"{name}: expectations must each be one `type: arguments`")
        ((type_, arguments),) = entry.items()
        if not str(type_).startswith("expect_"):
            raise SuiteError(f"{name}: expectations: {type_!r} is no expectation type")
        expectations.append((type_, arguments or {}))
    return Suite(
        name=name,
        boundary=Boundary(content["boundary"]),
        table=content["table"],
        day=content["day"],
        columns=content["columns"],
        group_by=content.get("group_by", ""),
        expectations=tuple(expectations),
    )


def load_suites() -> dict[str, Suite]:
    """Return every suite by name, in order of name.

    Raises
    ------
    SuiteError
        If a file breaks a rule.
    """
    folder = files("pipelines.quality") / "suites"
    paths = sorted((p for p in folder.iterdir() if p.name.endswith(".yml")), key=lambda p: p.name)
    suites = [_parse(p.name.removesuffix(".yml"), p.read_text("utf-8")) for p in paths]
    return {suite.name: suite for suite in suites}
