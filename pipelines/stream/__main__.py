"""Run the stream consumer: `python -m pipelines.stream`."""

from __future__ import annotations

import signal
import threading

import structlog
from prometheus_client import start_http_server

from pipelines.keys import Keys
from pipelines.logs import configure
from pipelines.settings import Settings
from pipelines.stream.consume import StreamConsumer
from pipelines.stream.store import OnlineStore, connect

METRICS_HOST = "127.0.0.1"

log = structlog.get_logger()


def main() -> None:
    """Consume until SIGTERM or SIGINT."""
    configure()
    settings = Settings()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server, _ = start_http_server(settings.metrics_port, METRICS_HOST)
    log.info("metrics are served", port=server.server_port)
    store = OnlineStore(connect(settings.valkey_url))
    with Keys(settings.database_url) as keys:
        StreamConsumer(settings.kafka_bootstrap_servers, store, keys).run(stop)


if __name__ == "__main__":
    main()
