"""Options of a product, such as colour and size, and the sets of them that its variants have."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

Matrix = Mapping[str, Sequence[str]]
"""The values that each option of a product may have."""


def options_hash(options: Mapping[str, str]) -> bytes:
    """Return a digest that two sets share if, and only if, they say the same; in any order."""
    written = json.dumps(sorted(options.items()), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(written.encode()).digest()


def broken_rule(options: Mapping[str, str], matrix: Matrix) -> tuple[str, str]:
    """Return which option is not as the matrix has it, and the rule; two empty texts if all are."""
    for name in options:
        if name not in matrix:
            return name, f"the product has no option {name!r}; it has {_listed(matrix)}"
    for name, values in matrix.items():
        if name not in options:
            return name, f"a variant of this product states its {name!r}"
        if options[name] not in values:
            return name, f"{options[name]!r} is no {name!r} of this product: {_listed(values)}"
    return "", ""


def _listed(names: Mapping[str, Sequence[str]] | Sequence[str]) -> str:
    return ", ".join(map(repr, names)) or "none"
