"""`ecomarket erase`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from rich.console import Console
from valkey.exceptions import ValkeyError

from deploy.repair.explained import Database, Warehouse, address, explained
from pipelines.erasing import Erased, erase_everybody
from pipelines.erasing.receipts import erased_subjects
from pipelines.keys import Keys
from pipelines.stream.store import connect as connect_online
from pipelines.warehouse import connect

TOLD_WITHIN_S = 120.0
"""The store's event comes to the warehouse through the relay and the sink."""
ASK_EVERY_S = 0.5


class NotErasedError(RuntimeError):
    """The store refused, or the warehouse was not told in time."""


def erase(
    subject: Annotated[
        str | None,
        typer.Argument(help="Pseudonym; left out: whoever was erased from the store before."),
    ] = None,
    token: Annotated[
        str,
        typer.Option(
            envvar="ECOMARKET_TOKEN", help="Access token: the subject's, or a super admin's."
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    storefront: Annotated[
        str | None, typer.Option(envvar="STOREFRONT_URL", help="The local stack's if left out.")
    ] = None,
    warehouse: Warehouse = None,
    database: Database = None,
    valkey: Annotated[
        str | None, typer.Option(envvar="VALKEY_URL", help="The local stack's if left out.")
    ] = None,
    artifacts: Annotated[
        Path | None, typer.Option(envvar="ARTIFACTS_DIR", help="The local stack's if left out.")
    ] = None,
) -> None:
    """Erase somebody from every store: from the shop, as its route does, and from all behind it.

    Models' folders, the warehouse, the online store and the keys of what lies in Kafka follow at
    once, rather than at the hour at which the schedule does it.
    """
    receipt: dict[str, Any] | None = None
    with (
        explained(NotErasedError, ClickHouseError, ValkeyError, httpx.TransportError),
        connect(address(warehouse, "CLICKHOUSE_URL")) as client,
        connect_online(address(valkey, "VALKEY_URL")) as store,
        Keys(address(database, "DATABASE_URL")) as keys,
    ):
        if subject is not None:
            receipt = _from_the_store(address(storefront, "STOREFRONT_URL"), subject, token)
            _wait(client, subject)
        folder = artifacts or Path(address(None, "ARTIFACTS_DIR"))
        found = list(_told(erase_everybody(client, store, keys, folder), as_json))
    if as_json:
        typer.echo(json.dumps({"store": receipt, "beyond": [asdict(one) for one in found]}))


def _from_the_store(url: str, subject: str, token: str) -> dict[str, Any]:
    answer = httpx.delete(
        f"{url}/privacy/subjects/{subject}", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        told: dict[str, Any] = dict(answer.json())
    except (ValueError, TypeError):
        raise NotErasedError(
            f"{url} answers {answer.status_code} and no JSON: is this the store?"
        ) from None
    if not answer.is_success:
        raise NotErasedError(f"the store refuses: {told.get('detail')} ({told.get('code')})")
    return told


def _wait(client: Client, subject: str) -> None:
    deadline = time.monotonic() + TOLD_WITHIN_S
    with Console(stderr=True).status("waiting until the warehouse is told"):
        while subject not in erased_subjects(client):
            if time.monotonic() > deadline:
                raise NotErasedError(
                    f"the store has erased {subject}, but the warehouse was not told within "
                    f"{TOLD_WITHIN_S:.0f} s; when relay and sink are back, the next run goes on"
                )
            time.sleep(ASK_EVERY_S)


def _told(erased: Iterator[Erased], quietly: bool) -> Iterator[Erased]:
    for one in erased:
        if not quietly:
            typer.echo(f"{one.subject}: {one.store}, {one.what}: {one.rows}")
        yield one
