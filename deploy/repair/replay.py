"""`ecomarket replay`."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from clickhouse_connect.driver.exceptions import ClickHouseError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from deploy.repair.explained import Brokers, Database, Warehouse, address, explained
from pipelines.ingest.ranges import Asked, CutRangeError, Edge, UnknownPartitionError
from pipelines.ingest.reading import reader
from pipelines.ingest.replaying import OtherRangeError, Replay, Replayed
from pipelines.keys import Keys
from pipelines.warehouse import connect
from storefront_api.events import Topic


def _edge(text: str | None) -> Edge | None:
    if text is None:
        return None
    if text.isdigit():
        return int(text)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is neither an offset nor an instant as 2026-01-31T12:00:00Z"
        ) from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def replay(
    topic: Annotated[Topic, typer.Argument(help="What is read again.")],
    since: Annotated[
        str | None,
        typer.Option("--from", help="First offset, or instant; all that Kafka keeps if left out."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(help="Offset or instant before which it ends; now if left out."),
    ] = None,
    partition: Annotated[
        list[int] | None, typer.Option(min=0, help="Only this partition; may be repeated.")
    ] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Drop what was replayed before.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    kafka: Brokers = None,
    warehouse: Warehouse = None,
    database: Database = None,
    cluster: Annotated[
        str, typer.Option(envvar="CLICKHOUSE_CLUSTER", help="Where the raw tables are.")
    ] = "",
) -> None:
    """Read a range of a topic into replayed.<module>, and say in what the raw table differs.

    The range is settled by the first call; the same call again goes on with that range.
    """
    asked = Asked(_edge(since), _edge(until), tuple(partition or ()))
    on_cluster = f"ON CLUSTER {cluster}" if cluster else ""
    columns = (*Progress.get_default_columns()[:1], BarColumn(), MofNCompleteColumn())
    with explained(CutRangeError, OtherRangeError, UnknownPartitionError, ClickHouseError):
        consumer = reader(address(kafka, "KAFKA_BOOTSTRAP_SERVERS"))
        try:
            with (
                connect(address(warehouse, "CLICKHOUSE_URL")) as client,
                Keys(address(database, "DATABASE_URL")) as keys,
                Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress,
            ):
                work = Replay(client, consumer, keys, topic)
                spans = work.begin(asked, on_cluster, anew)
                offsets = sum(span.count for span in spans.values())
                bar = progress.add_task(str(topic), total=offsets)
                found = work.run(spans, lambda count: progress.advance(bar, count))
        finally:
            consumer.close()
    typer.echo(json.dumps(asdict(found)) if as_json else _told(topic, found))


def _told(topic: Topic, found: Replayed) -> str:
    offsets = ", ".join(
        f"{number}: {span.first} to {span.end - 1}"
        for number, span in found.spans.items()
        if span.count
    )
    lines = [
        f"{found.table}: {found.rows} rows; offsets by partition: {offsets or 'none'}",
        f"{found.refused} messages refused by this call",
        f"raw.{topic.module}: {found.raw_rows} rows of the same offsets",
    ]
    for difference in found.differences:
        named = ", ".join(difference.events)
        rest = ", …" if difference.count > len(difference.events) else ""
        lines.append(f"{difference.kind} in raw: {difference.count} ({named}{rest})")
    return "\n".join(lines if found.differences else [*lines, "no difference"])
