"""Vendors: how they come to sell, what they sell, what they owe and what they are paid."""
