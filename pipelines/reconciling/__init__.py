"""Whether the marts have the money of the store's ledger, to the cent and name by name."""

from pipelines.reconciling.differences import Difference, Outcome, Side, compared
from pipelines.reconciling.run import UnreachableError, reconcile

__all__ = ["Difference", "Outcome", "Side", "UnreachableError", "compared", "reconcile"]
