"""What the commands share: where the stores are, and how an error is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from confluent_kafka import KafkaException
from rich.console import Console
from rich.markup import escape

from deploy.local.settings import SettingsError, load_settings
from deploy.local.stack import Stack
from pipelines.ingest.reading import UnknownTopicError
from pipelines.keys import KeysAwayError

Brokers = Annotated[
    str | None,
    typer.Option(
        "--kafka", envvar="KAFKA_BOOTSTRAP_SERVERS", help="host:port; the local stack's if left out"
    ),
]

Warehouse = Annotated[
    str | None, typer.Option(envvar="CLICKHOUSE_URL", help="The local stack's if left out.")
]

Database = Annotated[
    str | None,
    typer.Option(
        envvar="DATABASE_URL", help="Of the keys that open messages; the local stack's if left out."
    ),
]


def address(given: str | None, name: str) -> str:
    """Return a store's address: what was given, or the local stack's by the variable's name."""
    return given or Stack(load_settings()).environment()[name]


@contextmanager
def explained(*classes: type[Exception]) -> Iterator[None]:
    """Turn these errors, and a store's absence, into a message and exit status 1."""
    told: tuple[type[Exception], ...] = (
        KafkaException,
        KeysAwayError,
        SettingsError,
        UnknownTopicError,
        *classes,
    )
    try:
        yield
    except told as error:
        text = error.args[0].str() if isinstance(error, KafkaException) else str(error)
        Console(stderr=True).print("[bold red]error:[/]", escape(text), highlight=False)
        raise typer.Exit(1) from error
