"""Whether a service answers, asked the way its clients ask."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import closing

import asyncpg
import httpx
import valkey
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.local.orchestrator import database_url
from deploy.local.settings import LocalSettings, Port

TIMEOUT_S = 2.0
_silent = logging.Logger("librdkafka", level=logging.CRITICAL + 1)
"""librdkafka reports every refused connection, which is what waiting for a broker consists of."""
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Each question would read the machine's certificates otherwise, which takes longer than to ask."""


class NotReadyError(Exception):
    """The service does not answer, or not rightly; the message says how."""


Check = Callable[[LocalSettings, float], None]
"""Raises `NotReadyError` unless a process started at the given Unix time (seconds) answers."""


def _ask(url: str, query: str, *values: object) -> object:
    """Return the one value of a query."""

    async def ask() -> object:
        connection = await asyncpg.connect(url, timeout=TIMEOUT_S)
        try:
            return await connection.fetchval(query, *values)
        finally:
            await connection.close(timeout=TIMEOUT_S)

    try:
        return asyncio.run(ask())
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise NotReadyError(f"no answer to a query: {error or type(error).__name__}") from error


def postgres(settings: LocalSettings, started_at: float) -> None:
    """Run a query."""
    port = settings.port(Port.POSTGRES)
    _ask(f"postgresql://ecomarket@127.0.0.1:{port}/ecomarket", "SELECT 1")


def kafka(settings: LocalSettings, started_at: float) -> None:
    """Read the cluster's metadata."""
    servers = f"127.0.0.1:{settings.port(Port.KAFKA)}"
    client = AdminClient({"bootstrap.servers": servers}, logger=_silent)
    try:
        client.list_topics(timeout=TIMEOUT_S)
    except KafkaException as error:
        raise NotReadyError(f"no metadata: {error.args[0].name()}") from error


def valkey_store(settings: LocalSettings, started_at: float) -> None:
    """Send PING; a store that still loads its file refuses it."""
    port = settings.port(Port.VALKEY)
    with closing(valkey.Valkey(port=port, socket_timeout=TIMEOUT_S)) as client:
        try:
            client.ping()
        except valkey.ValkeyError as error:
            raise NotReadyError(f"no PONG: {error}") from error


def http(port: Port, path: str) -> Check:
    """Return a check that a path answers with 200."""

    def check(settings: LocalSettings, started_at: float) -> None:
        url = f"http://127.0.0.1:{settings.port(port)}{path}"
        try:
            with httpx.Client(trust_env=False, timeout=TIMEOUT_S, verify=_NO_TLS) as client:
                status = client.get(url).status_code
        except httpx.HTTPError as error:
            raise NotReadyError(f"{path}: {error or type(error).__name__}") from error
        if status != httpx.codes.OK:
            raise NotReadyError(f"{path} answers {status}")

    return check


def listens(port: Port) -> Check:
    """Return a check that something listens, for a server that does once it has loaded all."""

    def check(settings: LocalSettings, started_at: float) -> None:
        address = ("127.0.0.1", settings.port(port))
        try:
            with socket.create_connection(address, timeout=TIMEOUT_S):
                pass
        except OSError as error:
            raise NotReadyError(f"port {address[1]}: {error}") from error

    return check


def dagster_daemon(settings: LocalSettings, started_at: float) -> None:
    """Look for a heartbeat that is younger than the process."""
    query = "SELECT count(*) FROM daemon_heartbeats WHERE timestamp >= to_timestamp($1)"
    if not _ask(database_url(settings), query, int(started_at)):
        raise NotReadyError("no heartbeat since it was started")
