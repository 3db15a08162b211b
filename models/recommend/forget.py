"""Taking shoppers out of what training left."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from models.recommend.tables import SUBJECTS_FILE, pack, unpack


def known(files: Mapping[str, bytes], subjects: Collection[str]) -> list[str]:
    """Return which of some shoppers an artifact's files have rows of."""
    return sorted(set(json.loads(files[SUBJECTS_FILE])) & set(subjects))


def without(files: Mapping[str, bytes], subjects: Collection[str]) -> dict[str, bytes]:
    """Return an artifact's files without the rows of some shoppers.

    What products have in common stays: nobody's purchase can be told from it.
    """
    tables = unpack(files)
    keep = np.array([subject not in subjects for subject in tables.subjects], dtype=np.bool_)
    lengths = np.diff(tables.own_starts)
    entries = np.repeat(keep, lengths)
    left = replace(
        tables,
        subjects=tuple(s for s, kept in zip(tables.subjects, keep, strict=True) if kept),
        own_starts=np.concatenate([[0], np.cumsum(lengths[keep])]).astype(np.int64),
        own_places=tables.own_places[entries],
        own_rates=tables.own_rates[entries],
    )
    return pack(left)
