"""People are a function of what was seen, not of when or how often it arrived."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.people import KINDS, Rule, RuleError, Rules, rules_of, stitch

RULES = Rules(
    "test",
    {"anonymous_id": Rule(2, 7), "device_id": Rule(2, 7), "session_id": Rule(1, 2)},
)
NOBODY_SHARES = Rules("none", {})
DAY = date(2024, 3, 1)
Sighting = tuple[date, str, str, str, str]


def _ids(letter: str) -> st.SearchStrategy[str]:
    return st.sampled_from(["", *(f"{letter}{n}" for n in range(5))])


SIGHTINGS = st.lists(
    st.tuples(
        st.integers(0, 12).map(lambda n: DAY + timedelta(days=n)),
        _ids("s"),
        _ids("a"),
        _ids("d"),
        _ids("v"),
    ),
    max_size=24,
)


def frame(sightings: list[Sighting]) -> pd.DataFrame:
    return pd.DataFrame(sightings, columns=["day", *KINDS])


def people(sightings: list[Sighting], rules: Rules = RULES) -> dict[tuple[str, str], str]:
    members = stitch(frame(sightings), rules)
    return {
        (kind, identifier): person
        for kind, identifier, person in zip(
            members["kind"], members["identifier"], members["person_id"], strict=True
        )
    }


def as_bytes(sightings: list[Sighting]) -> str:
    return stitch(frame(sightings), RULES).to_csv(index=False)


@settings(deadline=None)
@given(SIGHTINGS, st.randoms(use_true_random=False))
def test_any_order_gives_the_same_bytes(sightings: list[Sighting], random: Random) -> None:
    shuffled = list(sightings)
    random.shuffle(shuffled)
    assert as_bytes(shuffled) == as_bytes(sightings)
    assert as_bytes(sightings[::-1]) == as_bytes(sightings)


@settings(deadline=None)
@given(SIGHTINGS, st.lists(st.integers(0, 23), max_size=10))
def test_copies_change_nothing(sightings: list[Sighting], again: list[int]) -> None:
    copies = [sightings[n % len(sightings)] for n in again if sightings]
    assert as_bytes(sightings + copies) == as_bytes(sightings)


@settings(deadline=None)
@given(SIGHTINGS, st.integers(0, 24), st.integers(0, 24))
def test_the_batches_in_which_events_came_change_nothing(
    sightings: list[Sighting], one: int, other: int
) -> None:
    first, second = sorted((one, other))
    batches = [sightings[second:], sightings[:first], sightings[first:second]]
    together = pd.concat([frame(batch).astype(object) for batch in batches])
    assert stitch(together, RULES).to_csv(index=False) == as_bytes(sightings)


@settings(deadline=None)
@given(SIGHTINGS)
def test_people_are_what_merging_sets_until_none_meet_gives(sightings: list[Sighting]) -> None:
    groups: list[set[tuple[str, str]]] = []
    for _, *values in sightings:
        seen = {(kind, value) for kind, value in zip(KINDS, values, strict=True) if value}
        met = [group for group in groups if group & seen]
        groups = [group for group in groups if not group & seen]
        groups += [seen.union(*met)] if seen else []
    expected: dict[tuple[str, str], str] = {}
    for group in groups:
        kind, least = min(group, key=lambda node: (KINDS.index(node[0]), node[1]))
        expected |= dict.fromkeys(group, f"{kind}:{least}")
    assert people(sightings, NOBODY_SHARES) == expected


def test_a_browser_that_logs_in_later_is_the_same_person_as_before() -> None:
    found = people(
        [(DAY, "", "a1", "", "v1"), (DAY, "s9", "a1", "", "v2"), (DAY, "s9", "a2", "d1", "v3")]
    )
    assert set(found.values()) == {"subject:s9"}


def test_somebody_who_was_never_recognised_is_named_by_the_browser() -> None:
    assert set(people([(DAY, "", "a1", "d1", "v1")]).values()) == {"anonymous_id:a1"}


def test_a_device_of_too_many_within_the_window_joins_nobody() -> None:
    found = people([(DAY + timedelta(days=n), f"s{n}", "", "d1", "") for n in range(3)])
    assert found[("device_id", "d1")] == ""
    assert {found[("subject", f"s{n}")] for n in range(3)} == {f"subject:s{n}" for n in range(3)}


@pytest.mark.parametrize(("days_apart", "shared"), [(6, True), (7, False)])
def test_subjects_count_together_if_a_window_holds_them(days_apart: int, shared: bool) -> None:
    days = [DAY, DAY, DAY + timedelta(days=days_apart)]
    found = people([(day, f"s{n}", "", "d1", "") for n, day in enumerate(days)])
    assert (found[("device_id", "d1")] == "") is shared


def test_a_device_in_a_family_joins_its_members() -> None:
    found = people([(DAY, "s1", "a1", "d1", ""), (DAY, "s2", "a2", "d1", "")])
    assert set(found.values()) == {"subject:s1"}


def test_the_browsers_behind_a_shared_device_stay_apart() -> None:
    found = people([(DAY, f"s{n}", f"a{n}", "d1", "") for n in range(3)])
    assert [found[("anonymous_id", f"a{n}")] for n in range(3)] == [
        f"subject:s{n}" for n in range(3)
    ]


def test_nothing_seen_is_nobody() -> None:
    assert people([]) == {}
    assert people([(DAY, "", "", "", "")]) == {}


def test_rules_are_chosen_by_their_version() -> None:
    data = pd.DataFrame(
        [("1", "device_id", 2, 7), ("2", "device_id", 4, 30)],
        columns=["rule_set_version", "kind", "max_subjects", "window_days"],
    )
    assert rules_of(data, "2") == Rules("2", {"device_id": Rule(4, 30)})
    with pytest.raises(RuleError, match=r"rule_set_version: one of 1, 2, not 3"):
        rules_of(data, "3")


@pytest.mark.parametrize(
    ("kind", "most", "days", "told"),
    [
        ("subject", 1, 1, "kind: one of anonymous_id"),
        ("device_id", 0, 1, "max_subjects: at least 1"),
        ("device_id", 1, 0, "window_days: at least 1"),
    ],
)
def test_an_impossible_rule_is_refused(kind: str, most: int, days: int, told: str) -> None:
    with pytest.raises(RuleError, match=told):
        Rules("x", {kind: Rule(most, days)})
