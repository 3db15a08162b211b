"""`ecomarket dlq list|show|retry`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from clickhouse_connect.driver.exceptions import ClickHouseError
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from deploy.repair.explained import Brokers, Database, Warehouse, address, explained
from pipelines.ingest.letters import (
    Letter,
    Resent,
    UnknownLetterError,
    letter_named,
    letters,
    resent,
)
from pipelines.ingest.reading import reader
from pipelines.ingest.resending import (
    AlreadyResentError,
    AlreadyThereError,
    ShutOutError,
    StillRefusedError,
    in_warehouse,
    resending,
)
from pipelines.keys import Keys
from pipelines.warehouse import connect

app = typer.Typer(help="Dead letters: what was refused, why, and its repair.", no_args_is_help=True)
_Id = Annotated[str, typer.Argument(help="topic/partition/offset, as `dlq list` shows it.")]


def _read(brokers: str, keys: Keys) -> tuple[dict[str, Letter], dict[str, Resent]]:
    consumer = reader(brokers)
    try:
        with Console(stderr=True).status("reading the dead letters"):
            return letters(consumer, keys), resent(consumer)
    finally:
        consumer.close()


def _described(letter: Letter, done: Mapping[str, Resent]) -> dict[str, Any]:
    described = asdict(letter) | {"payload": letter.text, "resent": None}
    record = done.get(letter.id)
    if record is not None:
        place = f"{record.topic}/{record.partition}/{record.offset}"
        described["resent"] = {
            "as": place,
            "at": record.resent_at,
            "edited": record.edited,
            "payload_sha256": record.payload_sha256,
        }
    return described


@app.command("list")
def list_(
    topic: Annotated[str | None, typer.Option(help="Only letters of this topic.")] = None,
    unsent: Annotated[bool, typer.Option(help="Only letters that were not resent.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON array, payloads included.")
    ] = False,
    kafka: Brokers = None,
    database: Database = None,
) -> None:
    """Say where each refused message stands, which rule it breaks, and whether it was resent."""
    with explained(), Keys(address(database, "DATABASE_URL")) as keys:
        found, done = _read(address(kafka, "KAFKA_BOOTSTRAP_SERVERS"), keys)
    shown = [
        letter
        for letter in found.values()
        if topic in {None, letter.topic} and not (unsent and letter.id in done)
    ]
    if as_json:
        typer.echo(json.dumps([_described(letter, done) for letter in shown], default=str))
        return
    table = Table("id", "version", "reason", "put aside", "resent as")
    for letter in shown:
        record = done.get(letter.id)
        place = "" if record is None else f"{record.partition}/{record.offset}"
        at = f"{letter.failed_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(letter.id, str(letter.schema_version), escape(letter.reason), at, place)
    Console().print(table)


@app.command()
def show(
    letter: _Id,
    payload: Annotated[
        bool, typer.Option("--payload", help="The payload alone, byte for byte, to be edited.")
    ] = False,
    kafka: Brokers = None,
    database: Database = None,
) -> None:
    """Show one letter whole."""
    with explained(UnknownLetterError), Keys(address(database, "DATABASE_URL")) as keys:
        found, done = _read(address(kafka, "KAFKA_BOOTSTRAP_SERVERS"), keys)
        chosen = letter_named(found, letter)
    if payload:
        sys.stdout.buffer.write(chosen.payload)
        sys.stdout.buffer.flush()
        return
    typer.echo(json.dumps(_described(chosen, done), indent=2, ensure_ascii=False, default=str))


@app.command()
def retry(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Letters to send; with --all none are named.")
    ] = None,
    payload: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The letter's repaired payload."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every letter not yet resent that is accepted by now.")
    ] = False,
    kafka: Brokers = None,
    warehouse: Warehouse = None,
    database: Database = None,
) -> None:
    """Send letters to their topics again, each once.

    What is still refused, or has come to the warehouse by another way, is told and not sent.
    """
    if every == bool(ids):
        raise typer.BadParameter("name letters, or give --all", param_hint="IDS")
    if payload is not None and len(ids or ()) != 1:
        raise typer.BadParameter("it repairs one letter: name that one", param_hint="--payload")
    brokers = address(kafka, "KAFKA_BOOTSTRAP_SERVERS")
    value = None if payload is None else payload.read_bytes()
    failed = False
    with (
        explained(UnknownLetterError, ShutOutError, ClickHouseError),
        connect(address(warehouse, "CLICKHOUSE_URL")) as client,
        Keys(address(database, "DATABASE_URL")) as keys,
        resending(brokers, in_warehouse(client), keys) as resender,
    ):
        found, done = _read(brokers, keys)
        wanted = ids or [id_ for id_ in found if id_ not in done]
        chosen = [letter_named(found, id_) for id_ in wanted]
        for letter in track(chosen, "resending", console=Console(stderr=True)):
            try:
                record = resender.resend(letter, value)
            except (AlreadyResentError, AlreadyThereError, StillRefusedError) as error:
                failed = True
                typer.echo(f"not sent: {error}", err=True)
            else:
                place = f"{record.topic}/{record.partition}/{record.offset}"
                typer.echo(f"sent: {letter.id} as {place}")
    if failed:
        raise typer.Exit(1)
