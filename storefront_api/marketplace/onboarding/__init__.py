"""Becoming a vendor: an application, its papers, and a review that says who decided what."""
