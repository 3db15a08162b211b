"""How old the latest arrival of a source may be, as dbt's sources declare it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

Verdict = Literal["fresh", "stale", "dead"]


@dataclass(frozen=True)
class Freshness:
    """What a source promises.

    Parameters
    ----------
    table
        Its qualified table.
    loaded_at
        Column that says when a row arrived.
    warn_after, error_after
        Ages from which the latest arrival is stale, and dead.
    """

    table: str
    loaded_at: str
    warn_after: timedelta
    error_after: timedelta

    def judge(self, latest: datetime | None, now: datetime) -> Verdict:
        """Judge the latest arrival; of a source that never got anything, it is stale."""
        if latest is None:
            return "stale"
        age = now - latest
        if age > self.error_after:
            return "dead"
        return "stale" if age > self.warn_after else "fresh"


def _span(told: Mapping[str, Any]) -> timedelta:
    return timedelta(**{f"{told['period']}s": told["count"]})


def declared(manifest: Mapping[str, Any]) -> list[Freshness]:
    """Return what the sources of a dbt project promise, in order of table."""
    found = []
    for source in manifest["sources"].values():
        promised = source["freshness"] or {}
        if (promised.get("warn_after") or {}).get("count"):
            found.append(
                Freshness(
                    table=f"{source['schema']}.{source['identifier']}",
                    loaded_at=source["loaded_at_field"],
                    warn_after=_span(promised["warn_after"]),
                    error_after=_span(promised["error_after"]),
                )
            )
    return sorted(found, key=lambda each: each.table)
