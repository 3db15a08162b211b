"""Stitching people: sightings out of the warehouse, who is who back into it."""

from __future__ import annotations

from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from models.people import KINDS, rules_of, stitch
from pipelines.warehouse.client import frame
from pipelines.warehouse.whole import replace_whole

RULE_SET = "2025.1"
"""The set of reference.identity_rules that people are stitched by."""


@dataclass(frozen=True)
class Stitched:
    """What came of it."""

    people: int
    identifiers: int
    shared: int


def stitch_people(client: Client, rule_set: str = RULE_SET) -> Stitched:
    """Write people.members anew from every sighting there is; readers see the old or the new whole.

    Raises
    ------
    models.people.RuleError
        If there is no such set of rules, or one of it is impossible.
    """
    rules = rules_of(client.query_df("SELECT * FROM reference.identity_rules"), rule_set)
    seen = frame(client, f"SELECT day, {', '.join(KINDS)} FROM intermediate.int_identity_sightings")
    members = stitch(seen, rules)
    replace_whole(client, "people.members", members)
    found = members.loc[members["person_id"] != "", "person_id"]
    return Stitched(int(found.nunique()), len(members), len(members) - len(found))
