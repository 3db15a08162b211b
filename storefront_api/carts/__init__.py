"""Carts: what a shopper means to buy now, what is kept for later, and what has become dearer."""
