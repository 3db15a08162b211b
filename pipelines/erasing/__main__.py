"""Erase everybody whose erasure has reached the warehouse: `python -m pipelines.erasing`."""

from __future__ import annotations

import structlog

from pipelines.erasing import erase_everybody
from pipelines.keys import Keys
from pipelines.logs import configure
from pipelines.settings import Settings
from pipelines.stream.store import connect as connect_online
from pipelines.warehouse import connect

log = structlog.get_logger()


def main() -> None:
    """Run once; a line of the log for each place where something was."""
    configure()
    settings = Settings()
    with (
        connect(settings.clickhouse_url) as client,
        connect_online(settings.valkey_url) as store,
        Keys(settings.database_url) as keys,
    ):
        for one in erase_everybody(client, store, keys, settings.artifacts_dir):
            log.info("erased", store=one.store, what=one.what, rows=one.rows)
    log.info("erasures are done")


if __name__ == "__main__":
    main()
