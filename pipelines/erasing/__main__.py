"""Erase everybody whose erasure has reached the warehouse: `python -m pipelines.erasing`."""

from __future__ import annotations

from itertools import chain

import structlog

from pipelines.erasing import erase_online, erase_warehouse, erased_subjects, keep
from pipelines.logs import configure
from pipelines.settings import Settings
from pipelines.stream.store import connect as connect_online
from pipelines.warehouse import connect

log = structlog.get_logger()


def main() -> None:
    """Run once; a line of the log and of the receipt for each place where something was."""
    configure()
    settings = Settings()
    client, store = connect(settings.clickhouse_url), connect_online(settings.valkey_url)
    subjects = erased_subjects(client)
    for one in chain(erase_online(store, subjects), erase_warehouse(client, subjects)):
        keep(client, [one])
        log.info("erased", store=one.store, what=one.what, rows=one.rows)
    log.info("erasures are done", subjects=len(subjects))


if __name__ == "__main__":
    main()
