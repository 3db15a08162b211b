"""The warehouse: how to reach it, and the numbered migrations of its raw tables."""

from pipelines.warehouse.client import connect
from pipelines.warehouse.migrate import MigrationError, migrate

__all__ = ["MigrationError", "connect", "migrate"]
