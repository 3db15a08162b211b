"""What training leaves for scoring, and its files."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SKUS_FILE = "skus.json"
SUBJECTS_FILE = "subjects.json"
TABLES_FILE = "tables.npz"
_ARRAYS = (
    "starts",
    "neighbours",
    "strengths",
    "again",
    "popular",
    "own_starts",
    "own_places",
    "own_rates",
)


@dataclass(frozen=True)
class Tables:
    """What training leaves, one entry a product or shopper, in the order of `skus` or `subjects`.

    Parameters
    ----------
    skus, subjects
        The products, and the shoppers whose purchases are known.
    starts, neighbours, strengths
        Products bought together with each, in compressed rows; product i's lie in
        ``[starts[i], starts[i + 1])``.
    again
        Rate at which a buyer buys the product again within weeks, 0 to 1.
    popular
        Share of the latest orders that contain it, 0 to 1.
    own_starts, own_places, own_rates
        Products that each shopper buys most, and how often an order of theirs has them, 0 to 1; in
        compressed rows likewise.
    """

    skus: tuple[str, ...]
    subjects: tuple[str, ...]
    starts: NDArray[np.int64]
    neighbours: NDArray[np.int32]
    strengths: NDArray[np.float32]
    again: NDArray[np.float32]
    popular: NDArray[np.float32]
    own_starts: NDArray[np.int64]
    own_places: NDArray[np.int32]
    own_rates: NDArray[np.float32]


def pack(tables: Tables) -> dict[str, bytes]:
    """Return the tables as an artifact's files; the same tables give the same bytes."""
    content = io.BytesIO()
    np.savez(content, **{name: getattr(tables, name) for name in _ARRAYS})
    return {
        SKUS_FILE: json.dumps(tables.skus).encode(),
        SUBJECTS_FILE: json.dumps(tables.subjects).encode(),
        TABLES_FILE: content.getvalue(),
    }


def unpack(files: Mapping[str, bytes]) -> Tables:
    """Return the tables of an artifact's files.

    Raises
    ------
    KeyError
        If a file or a table is missing.
    """
    with np.load(io.BytesIO(files[TABLES_FILE]), allow_pickle=False) as arrays:
        return Tables(
            skus=tuple(json.loads(files[SKUS_FILE])),
            subjects=tuple(json.loads(files[SUBJECTS_FILE])),
            **{name: arrays[name] for name in _ARRAYS},
        )
