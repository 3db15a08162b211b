"""Recommendations: which products to show a shopper next."""

from models.recommend.score import Item, Recommender, load
from models.recommend.train import train

__all__ = ["Item", "Recommender", "load", "train"]
