"""The sink's commands: `python -m pipelines.ingest` runs it, `… topics` creates the topics."""

from __future__ import annotations

import signal
import threading

import typer
from prometheus_client import start_http_server

from pipelines.ingest.consumer import Sink
from pipelines.ingest.dead_letters import DeadLetterTopic
from pipelines.ingest.topics import create_topics
from pipelines.ingest.writer import Writer
from pipelines.keys import Keys
from pipelines.logs import configure
from pipelines.settings import Settings
from pipelines.warehouse import connect

app = typer.Typer(add_completion=False, help="Kafka to the warehouse's raw tables, exactly once.")


@app.callback(invoke_without_command=True)
def run(context: typer.Context) -> None:
    """Consume every topic until SIGTERM."""
    configure()
    if context.invoked_subcommand is not None:
        return
    settings = Settings()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    start_http_server(settings.metrics_port, "127.0.0.1")
    writer = Writer(connect(settings.clickhouse_url))
    servers, database = settings.kafka_bootstrap_servers, settings.database_url
    letters = DeadLetterTopic(servers, Keys(database))
    Sink(servers, writer, Keys(database), letters).run(stop)


@app.command()
def topics() -> None:
    """Create the topics that do not exist."""
    settings = Settings()
    create_topics(settings.kafka_bootstrap_servers, settings.kafka_replication_factor)


if __name__ == "__main__":
    app()
