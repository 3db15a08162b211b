"""What of each day is compared with the same weekdays before, as data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib.resources import files
from typing import Any

import yaml

from pipelines.quality.suites import SuiteError

_REQUIRED = {"table", "kind", "query", "tolerance", "error_beyond"}
_ALLOWED = _REQUIRED | {"offset", "accepted"}
_RAW_OF_EACH_KEY = "raw.{key}"


class Kind(StrEnum):
    """What a number of a day is."""

    COUNT = "count"
    """Of things that come one by one: a small one varies by its root, a day without is 0."""
    LEVEL = "level"
    """A mean or a share; a day without one is not judged."""


@dataclass(frozen=True)
class Accepted:
    """Days that may be as they like: ``MM-DD`` of every year, or those of ``[since, until)``."""

    reason: str
    day: str = ""
    since: date = date.max
    until: date = date.max

    def covers(self, day: date) -> bool:
        """Tell whether a day is one of them."""
        return f"{day:%m-%d}" == self.day or self.since <= day < self.until


@dataclass(frozen=True)
class Monitor:
    """A number of each day and key, and how far it may be from what was to be expected.

    Parameters
    ----------
    name
        Name of the file without its ending.
    table
        Qualified table that the numbers are of; ``raw.{key}`` if each key is a raw table.
    kind
        What the numbers are.
    query
        SQL that selects ``day``, ``key`` and ``value`` of the days ``[start, end)``.
    tolerance
        What never alarms: a number up to ``1 + tolerance`` times what was expected, or that part.
    error_beyond
        So many times too much, or too little, is an error that blocks; else it is a warning.
    offset
        Added to a number before it is compared, so that one of nothing can be; also about the
        change of a small one that is not worth an alarm.
    accepted
        Days that may be as they like, and why.
    """

    name: str
    table: str
    kind: Kind
    query: str
    tolerance: float
    error_beyond: float
    offset: float
    accepted: tuple[Accepted, ...]

    @property
    def of_each_raw_table(self) -> bool:
        """Whether each key is a raw table of its own."""
        return self.table == _RAW_OF_EACH_KEY

    def accepts(self, day: date) -> bool:
        """Tell whether a day may be as it likes."""
        return any(each.covers(day) for each in self.accepted)


def _number(name: str, content: dict[str, Any], field: str, above: float) -> float:
    value = content[field]
    if not isinstance(value, int | float) or value <= above:
        raise SuiteError(f"{name}: {field} must be a number above {above:g}")
    return float(value)


def _accepted(name: str, entry: dict[str, Any]) -> Accepted:
    if set(entry) == {"day", "reason"} and re.fullmatch(r"\d\d-\d\d", str(entry["day"])):
        return Accepted(entry["reason"], day=entry["day"])
    if set(entry) == {"since", "until", "reason"}:
        since, until = entry["since"], entry["until"]
        if isinstance(since, date) and isinstance(until, date) and since < until:
            return Accepted(entry["reason"], since=since, until=until)
    raise SuiteError(
        f"{name}: accepted must each be {{day: MM-DD, reason}}, or {{since, until, reason}} with "
        "two dates of which the second is later"
    )


def parse_monitor(name: str, text: str) -> Monitor:
    """Return what a file states.

    Raises
    ------
    SuiteError
        If it breaks a rule.
    """
    content = yaml.safe_load(text)
    if not isinstance(content, dict) or not _REQUIRED <= set(content) <= _ALLOWED:
        raise SuiteError(
            f"{name}: a monitor has the fields {', '.join(sorted(_REQUIRED))}, and may have "
            f"{', '.join(sorted(_ALLOWED - _REQUIRED))}"
        )
    if content["kind"] not in list(Kind):
        raise SuiteError(f"{name}: kind must be one of {', '.join(Kind)}")
    content.setdefault("offset", 0.5)
    return Monitor(
        name=name,
        table=content["table"],
        kind=Kind(content["kind"]),
        query=content["query"],
        tolerance=_number(name, content, "tolerance", 0),
        error_beyond=_number(name, content, "error_beyond", 1),
        offset=_number(name, content, "offset", 0),
        accepted=tuple(_accepted(name, entry) for entry in content.get("accepted", [])),
    )


def load_monitors() -> list[Monitor]:
    """Return every monitor, in order of name.

    Raises
    ------
    SuiteError
        If a file breaks a rule.
    """
    folder = files("pipelines.quality") / "monitors"
    paths = sorted((p for p in folder.iterdir() if p.name.endswith(".yml")), key=lambda p: p.name)
    return [parse_monitor(p.name.removesuffix(".yml"), p.read_text("utf-8")) for p in paths]
