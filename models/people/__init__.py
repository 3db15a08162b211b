"""People: which subjects, browsers, devices and sessions are the same person.

Nothing is learned: people are the connected components of what was seen together, so that the
order in which events arrived, and how often, cannot matter.
"""

from models.people.rules import KINDS, Rule, RuleError, Rules, rules_of
from models.people.shared import shared_identifiers
from models.people.stitch import MEMBERS, stitch

__all__ = [
    "KINDS",
    "MEMBERS",
    "Rule",
    "RuleError",
    "Rules",
    "rules_of",
    "shared_identifiers",
    "stitch",
]
