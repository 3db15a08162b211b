"""Identifiers that were seen together, joined into people."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from models.people.rules import KINDS, Rules
from models.people.shared import shared_identifiers

MEMBERS = ("kind", "identifier", "person_id", "is_shared", "rule_set_version")
"""Columns of what `stitch` returns."""
_ABSENT = -1


def stitch(sightings: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Return which person each identifier belongs to.

    People are the connected components of the graph whose nodes are identifiers and whose edges
    join those of one sighting; shared identifiers have no edges. A component is named by its least
    identifier, of the surest kind that it has: ``kind:identifier``. The outcome is a function of
    the set of sightings: the same for any order of the rows, for copies, and for any way to hand
    them in by parts, as long as all parts are there.

    Parameters
    ----------
    sightings
        One row per combination of identifiers that was seen on a day: ``day`` and the `KINDS`,
        strings that are empty where nothing is known.
    rules
        Which identifiers are shared by too many to join anybody.

    Returns
    -------
    pandas.DataFrame
        The columns `MEMBERS`, one row per kind and identifier, sorted by both; ``person_id`` is
        empty for a shared identifier, which belongs to nobody.
    """
    nodes, codes = _nodes(sightings)
    if nodes.empty:
        return pd.DataFrame(columns=list(MEMBERS))
    shared = _is_shared(nodes, shared_identifiers(sightings, rules))
    codes = np.where((codes != _ABSENT) & ~shared[codes], codes, _ABSENT)
    names = (nodes["kind"] + ":" + nodes["identifier"]).to_numpy(object)
    least = _least_of_component(codes, len(nodes))
    return nodes.assign(
        person_id=np.where(shared, "", names[least]),
        is_shared=shared,
        rule_set_version=rules.version,
    )[list(MEMBERS)]


def _nodes(sightings: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Return the identifiers in order, and of each sighting where they stand, by kind."""
    rows = sightings[list(KINDS)].drop_duplicates()
    codes = np.full((len(rows), len(KINDS)), _ABSENT, dtype=np.int64)
    found: list[tuple[str, str]] = []
    for column, kind in enumerate(KINDS):
        values = rows[kind].to_numpy(object).astype(str)
        given = values != ""
        known, places = np.unique(values[given], return_inverse=True)
        codes[given, column] = len(found) + places
        found += [(kind, str(value)) for value in known]
    return pd.DataFrame(found, columns=["kind", "identifier"], dtype=object), codes


def _is_shared(nodes: pd.DataFrame, shared: dict[str, set[str]]) -> NDArray[np.bool_]:
    pairs = zip(nodes["kind"], nodes["identifier"], strict=True)
    return np.array(
        [identifier in shared.get(kind, ()) for kind, identifier in pairs], dtype=np.bool_
    )


def _least_of_component(codes: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return the first node of each node's component; what stands in a row is joined."""
    present = codes != _ABSENT
    codes, present = codes[present.any(axis=1)], present[present.any(axis=1)]
    hubs = codes[np.arange(len(codes)), present.argmax(axis=1)]
    ends = codes[present]
    starts = np.repeat(hubs, present.sum(axis=1))
    graph = coo_array((np.ones(len(ends), np.int8), (starts, ends)), shape=(count, count))
    _, labels = connected_components(graph.tocsr(), directed=False)
    _, first = np.unique(labels, return_index=True)
    least: NDArray[np.int64] = first[labels]
    return least
