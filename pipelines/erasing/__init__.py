"""Erasing people beyond the store, as its events say: `python -m pipelines.erasing`.

Each run takes every subject that was ever erased, so that what arrives late, is replayed or is
restored goes with the next run, and a run that was killed is finished by it.
"""

from pipelines.erasing.online import erase_online
from pipelines.erasing.receipts import Erased, erased_subjects, keep
from pipelines.erasing.warehouse import erase_warehouse

__all__ = ["Erased", "erase_online", "erase_warehouse", "erased_subjects", "keep"]
