"""Carbon: an order's footprint from versioned factors, the same as fct_footprints has.

Nothing is learned from data; "training" freezes a set of factors and the catalogue's masses, so
that serving answers with exactly the set that the ledger was computed with.
"""

from models.carbon.compute import Emission, Footprint
from models.carbon.score import Alternative, FootprintCalculator, Piece, load
from models.carbon.train import FactorFrames, train

__all__ = [
    "Alternative",
    "Emission",
    "FactorFrames",
    "Footprint",
    "FootprintCalculator",
    "Piece",
    "load",
    "train",
]
