"""What shoppers will be worth: how often each will order, for how much, and whether at all.

BG/NBD for orders and gamma-gamma for their worth, both of clvkit. A shopper's days with an order
are counted, not orders: two on one day are one decision to buy.
"""

from models.lifetime.history import HORIZON_DAYS
from models.lifetime.score import Outlook, load
from models.lifetime.train import Fit, TooFewPurchasesError, fit, train

__all__ = ["HORIZON_DAYS", "Fit", "Outlook", "TooFewPurchasesError", "fit", "load", "train"]
