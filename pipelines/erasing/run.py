"""One run over every place."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import valkey
from clickhouse_connect.driver.client import Client

from pipelines.erasing.online import erase_online
from pipelines.erasing.receipts import Erased, erased_subjects, keep
from pipelines.erasing.warehouse import erase_warehouse


def erase_everybody(client: Client, store: valkey.Valkey) -> Iterator[Erased]:
    """Erase every subject whose erasure has reached the warehouse.

    What was found in a place is on the receipt when it is yielded.
    """
    subjects = erased_subjects(client)
    for one in chain(erase_online(store, subjects), erase_warehouse(client, subjects)):
        keep(client, [one])
        yield one
