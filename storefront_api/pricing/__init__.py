"""Prices: the list price, the rule that takes the most off a line, and how a total came to be."""
