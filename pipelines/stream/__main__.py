"""Run the stream consumer: `python -m pipelines.stream`."""

from __future__ import annotations

import signal
import threading

from prometheus_client import start_http_server

from pipelines.logs import configure
from pipelines.settings import Settings
from pipelines.stream.consume import StreamConsumer
from pipelines.stream.store import OnlineStore, connect

METRICS_HOST = "127.0.0.1"


def main() -> None:
    """Consume until SIGTERM or SIGINT."""
    configure()
    settings = Settings()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    start_http_server(settings.metrics_port, METRICS_HOST)
    store = OnlineStore(connect(settings.valkey_url))
    StreamConsumer(settings.kafka_bootstrap_servers, store).run(stop)


if __name__ == "__main__":
    main()
