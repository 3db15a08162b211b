"""What a vendor sees of orders, and how well it serves them."""
