"""Fraud: the probability that an order is charged back, and whether somebody should look at it."""

from models.fraud.score import FraudScore, FraudScorer, load
from models.fraud.train import train

__all__ = ["FraudScore", "FraudScorer", "load", "train"]
