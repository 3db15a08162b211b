"""Apply the migrations of the raw tables: `python -m pipelines.warehouse`."""

from __future__ import annotations

from pipelines.settings import Settings
from pipelines.warehouse.client import connect
from pipelines.warehouse.migrate import migrate


def main() -> None:
    """Bring the warehouse of the settings up to date."""
    settings = Settings()
    with connect(settings.clickhouse_url) as client:
        migrate(client, settings.clickhouse_cluster)


if __name__ == "__main__":
    main()
