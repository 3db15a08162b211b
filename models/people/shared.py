"""Which identifiers are used by too many subjects at a time."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from models.people.rules import Rule, Rules


def shared_identifiers(sightings: pd.DataFrame, rules: Rules) -> dict[str, set[str]]:
    """Return the shared identifiers of each kind that has a rule.

    The answer depends on which rows there are alone, neither on their order nor on copies.

    Parameters
    ----------
    sightings
        As `stitch` takes them.
    rules
        Who may share what.
    """
    known = sightings[sightings["subject"] != ""]
    return {kind: _shared(known, kind, rule) for kind, rule in rules.by_kind.items()}


def _shared(known: pd.DataFrame, kind: str, rule: Rule) -> set[str]:
    used = known.loc[known[kind] != "", [kind, "subject", "day"]].drop_duplicates()
    subjects = used.groupby(kind)["subject"].nunique()
    suspects = used[used[kind].isin(subjects.index[subjects > rule.max_subjects])]
    return {
        str(identifier)
        for identifier, rows in suspects.groupby(kind)
        if _most_within(rows, rule.window_days) > rule.max_subjects
    }


def _most_within(rows: pd.DataFrame, window_days: int) -> int:
    """Return the most subjects that any window of so many days holds."""
    uses = sorted(
        (pd.Timestamp(day).toordinal(), subject)
        for day, subject in zip(rows["day"], rows["subject"], strict=True)
    )
    inside: Counter[str] = Counter()
    most = begin = 0
    for day, subject in uses:
        inside[subject] += 1
        while uses[begin][0] <= day - window_days:
            left = uses[begin][1]
            inside[left] -= 1
            if not inside[left]:
                del inside[left]
            begin += 1
        most = max(most, len(inside))
    return most
