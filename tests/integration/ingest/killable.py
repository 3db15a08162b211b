"""The sink in a process of its own that kills itself at a named point, when it gets there."""

from __future__ import annotations

import os
import signal
import sys
import threading

import structlog

from pipelines.ingest.consumer import Limits, Sink
from pipelines.ingest.dead_letters import DeadLetterTopic
from pipelines.ingest.writer import Writer
from pipelines.keys import Keys
from pipelines.logs import configure
from pipelines.settings import Settings
from pipelines.warehouse import connect

log = structlog.get_logger()

SESSION_S = 2
INSERT_TAKES_S = 0.004
"""Later than this the request has left, and most likely has not come back."""


def main(group: str, rows: int, point: str, times: int) -> None:
    """Run until SIGTERM, or until a point was reached so many times; no point: until SIGTERM."""
    configure()
    settings = Settings()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    log.info("ready to be stopped")
    left = times

    def at(name: str) -> None:
        nonlocal left
        log.info("reached", point=name)
        if name != point:
            return
        left -= 1
        if left > 0:
            return
        if name == "inserting":
            threading.Timer(INSERT_TAKES_S, os.kill, (os.getpid(), signal.SIGKILL)).start()
        else:
            os.kill(os.getpid(), signal.SIGKILL)

    limits = Limits(rows=rows, linger_s=0.05, fetch=min(rows, 1000), session_s=SESSION_S)
    writer = Writer(connect(settings.clickhouse_url))
    servers, database = settings.kafka_bootstrap_servers, settings.database_url
    letters = DeadLetterTopic(servers, Keys(database))
    Sink(servers, writer, Keys(database), letters, limits, at, group).run(stop)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
