"""Asking the model endpoint, and going on without it."""
