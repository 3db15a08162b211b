"""Filters of metrics: MetricFlow's templates, as far as comparisons joined by AND."""

from __future__ import annotations

import re

from models.metrics.definitions import Condition, DefinitionError, SemanticModel

_COMPARISON = re.compile(
    r"\{\{\s*Dimension\('(?P<entity>[a-z0-9_]+?)__(?P<dimension>[a-z0-9_]+)'\)\s*\}\}"
    r"\s*(?P<operator>!=|<=|>=|=|<|>)\s*(?:'(?P<text>[^']*)'|(?P<number>-?\d+))"
)


def conditions_of(template: str, model: SemanticModel, metric: str) -> tuple[Condition, ...]:
    """Read a filter.

    Parameters
    ----------
    template
        For example ``{{ Dimension('session__is_bot') }} = 0``; empty for none.
    model, metric
        What it is about, and whose filter it is.

    Raises
    ------
    DefinitionError
        If it is anything else than comparisons of the model's dimensions, joined by AND.
    """
    found = []
    for part in re.split(r"\s+(?i:and)\s+", template.strip()) if template.strip() else ():
        match = _COMPARISON.fullmatch(part)
        if match is None:
            rule = "must compare {{ Dimension('entity__name') }} with a text or a whole number"
            raise DefinitionError(f"{metric}: filter: {rule}, joined by AND")
        if match["entity"] != model.entity or match["dimension"] not in model.dimensions:
            allowed = ", ".join(f"{model.entity}__{name}" for name in model.dimensions)
            raise DefinitionError(f"{metric}: filter: the dimensions are {allowed}")
        value = match["text"] if match["number"] is None else int(match["number"])
        found.append(Condition(match["dimension"], match["operator"], value))
    return tuple(found)
