"""Value added tax: the rates as data, and the part of a price that is tax."""
