"""Identities that stay: what has the same name is the same thing at every import."""

from __future__ import annotations

from uuid import UUID, uuid5

_NAMESPACE = UUID("0b6f3d3e-5f0c-5c1e-9a0e-1f7a53ec0b1d")
WAREHOUSE = "Warehouse"
"""Superset's name of the database."""


def identity(kind: str, *names: str) -> str:
    """Return the UUID of a thing, as Superset's files state it.

    Parameters
    ----------
    kind
        ``database``, ``dataset``, ``chart`` or ``dashboard``.
    names
        What tells it from others of its kind.
    """
    return str(uuid5(_NAMESPACE, "/".join((kind, *names))))
