"""Superset as code: its environment, its roles, and the dashboards that are written down here."""
