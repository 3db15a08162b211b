"""Paying vendors what they are owed, once."""
