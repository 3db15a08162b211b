"""When an identifier is shared by too many to tell who somebody is, as versioned data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

KINDS = ("subject", "anonymous_id", "device_id", "session_id")
"""Kinds of identifiers, the surest first: a person is named by the least id of the surest kind."""


class RuleError(ValueError):
    """A set of rules is missing or says something impossible."""


@dataclass(frozen=True)
class Rule:
    """An identifier of a kind is shared if more subjects than that used it within a window.

    Parameters
    ----------
    max_subjects
        Subjects that it may have within any window.
    window_days
        Length of the window, in UTC days.
    """

    max_subjects: int
    window_days: int

    def __post_init__(self) -> None:
        """Refuse what no identifier could keep.

        Raises
        ------
        RuleError
            If a bound is below 1.
        """
        for name in ("max_subjects", "window_days"):
            if getattr(self, name) < 1:
                raise RuleError(f"{name}: at least 1, not {getattr(self, name)}")


@dataclass(frozen=True)
class Rules:
    """A set of rules, by the kind of identifier; a kind without one is never shared."""

    version: str
    by_kind: Mapping[str, Rule]

    def __post_init__(self) -> None:
        """Refuse rules for what is no identifier that can be shared.

        Raises
        ------
        RuleError
            If a kind is unknown, or is that of subjects.
        """
        unknown = sorted(set(self.by_kind) - set(KINDS[1:]))
        if unknown:
            raise RuleError(f"kind: one of {', '.join(KINDS[1:])}, not {', '.join(unknown)}")


def rules_of(frame: pd.DataFrame, version: str) -> Rules:
    """Return the set of that version.

    Parameters
    ----------
    frame
        Columns ``rule_set_version``, ``kind``, ``max_subjects``, ``window_days``; a row per rule.
    version
        Which set.

    Raises
    ------
    RuleError
        If there is no such set, or a rule of it is impossible.
    """
    chosen = frame[frame["rule_set_version"] == version]
    if chosen.empty:
        known = ", ".join(sorted(set(frame["rule_set_version"]))) or "none"
        raise RuleError(f"rule_set_version: one of {known}, not {version}")
    return Rules(
        version,
        {
            str(row["kind"]): Rule(int(row["max_subjects"]), int(row["window_days"]))
            for row in chosen.to_dict("records")
        },
    )
