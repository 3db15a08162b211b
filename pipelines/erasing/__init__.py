"""Erasing people beyond the store, as its events say: `python -m pipelines.erasing`, or Dagster.

Each run takes every subject that was ever erased, so that what arrives late, is replayed or is
restored goes with the next run, and a run that was killed is finished by it.
"""

from pipelines.erasing.receipts import Erased
from pipelines.erasing.run import erase_everybody

__all__ = ["Erased", "erase_everybody"]
