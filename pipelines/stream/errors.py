"""What can go wrong between the event log and the online store."""

from __future__ import annotations


class PoisonEventError(ValueError):
    """Permanent: a message that no retry makes readable; it is counted and passed over."""


class StoreAwayError(Exception):
    """Transient: the online store does not answer, or cannot take writes now."""


class StoreMovedError(Exception):
    """Transient: the store's offsets are not those that we wrote last.

    It lost its latest writes in a crash, was emptied, or another consumer owns the partition.
    Reading on from the store's own offsets heals each of the three.
    """


class StaleFeaturesError(ValueError):
    """Permanent: a day's features were to replace those of a later day."""
