"""Promotion codes: what they give, how often, and how an order explains them."""
