"""Carbon: an order's footprint from versioned factors, the same as mart_order_footprint computes.

Nothing is learned from data; "training" freezes a set of factors and the catalogue's masses, so
that serving answers with exactly the set that the mart was computed with.
"""

from models.carbon.compute import Footprint
from models.carbon.score import FootprintCalculator, load
from models.carbon.train import FactorFrames, train

__all__ = ["FactorFrames", "Footprint", "FootprintCalculator", "load", "train"]
