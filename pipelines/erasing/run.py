"""One run over every place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

import valkey
from clickhouse_connect.driver.client import Client

from pipelines.erasing.artifacts import erase_artifacts
from pipelines.erasing.identifiers import identifiers_of
from pipelines.erasing.online import erase_online
from pipelines.erasing.receipts import Erased, erased_subjects, keep
from pipelines.erasing.warehouse import erase_warehouse
from pipelines.keys import Keys


def erase_everybody(
    client: Client, store: valkey.Valkey, keys: Keys, artifacts: Path
) -> Iterator[Erased]:
    """Erase every subject whose erasure has reached the warehouse.

    What was found in a place is on the receipt when it is yielded.

    Parameters
    ----------
    artifacts
        The folder of what models were trained to.

    Raises
    ------
    pipelines.keys.KeysAwayError
        If the store's database is away; whatever was erased before stays so.
    """
    subjects = erased_subjects(client)
    known = identifiers_of(client, subjects)
    for one in chain(
        _destroy(keys, known),
        erase_online(store, subjects),
        erase_artifacts(artifacts, subjects),
        erase_warehouse(client, known),
    ):
        keep(client, [one])
        yield one


def _destroy(keys: Keys, known: Mapping[str, Sequence[str]]) -> Iterator[Erased]:
    """Destroy the keys that open what lies in Kafka: first, since the ids are forgotten after."""
    for subject, names in known.items():
        destroyed = keys.destroy([subject, *names])
        if destroyed:
            yield Erased(subject, "kafka", "subject_keys", destroyed)
