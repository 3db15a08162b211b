"""Goods that come back: asked for, approved, inspected, restocked or written off, and paid back."""
